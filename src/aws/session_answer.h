// The credentials in the answer to a CreateSession call.
#pragma once

#include <string>

#include "http/message.h"
#include "rolecall/credentials.h"

namespace rolecall::aws {

// The credentials in a 2xx answer of `endpoint`. Throws Error (failed) if it is not what the
// service answers.
Credentials read_credentials(const http::Response& response, const std::string& endpoint);

}  // namespace rolecall::aws
