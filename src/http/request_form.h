// Checks whether a request that a server received has the form of RFC 9110 and RFC 9112.
#pragma once

#include <string>

#include "http/message.h"

namespace rolecall::http {

// What is wrong with the method, the path or the headers; empty if nothing is. Two programs that
// handle a request one after the other must agree where it ends and which headers it has. So this
// refuses what some programs accept and others do not: control characters, names that are not a
// token, a Content-Length or Transfer-Encoding that is repeated, both of them together, and an
// encoding other than chunked.
std::string form_error(const Request& request);

}  // namespace rolecall::http
