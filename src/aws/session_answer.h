// Reads the credentials in the answer to a CreateSession call.
#pragma once

#include <string>

#include "http/message.h"
#include "rolecall/credentials.h"

namespace rolecall::aws {

// Returns the credentials in a 2xx answer of `endpoint`. Throws Error (failed) if the answer does
// not have the form of CreateSession's.
Credentials read_credentials(const http::Response& response, const std::string& endpoint);

}  // namespace rolecall::aws
