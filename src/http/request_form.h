// Whether a request that a server received has the form of RFC 9110 and 9112.
#pragma once

#include <string>

#include "http/message.h"

namespace rolecall::http {

// What is wrong with the method, the path or the headers; empty: nothing. Two programs on a
// request's way must not disagree about where it ends and which headers it has. So this refuses
// what some take and others do not: control characters, names that are no token, a Content-Length
// or Transfer-Encoding that is repeated, both together, and an encoding other than chunked.
std::string form_error(const Request& request);

}  // namespace rolecall::http
