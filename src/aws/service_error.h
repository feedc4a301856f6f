// Answers to a CreateSession call that are errors, as a user should read them.
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"
#include "identity/identity.h"
#include "rolecall/error.h"

namespace rolecall::aws {

// An error that the service itself sent: anyone else who asked for the same would get it too.
struct ServiceRefusal : Error {
  explicit ServiceRefusal(const Error& error) : Error(error) {}
};

// Whether the service itself sent this answer, which is not a success: the service names its
// errors. A proxy, a gateway or the login page of a network does not.
bool is_from_service(const http::Response& response);

// The error that an answer of `endpoint` is if it has no credentials, with the service's name and
// text of it, the request id, and a hint if the user can do something. `identity` is for the hints.
Error service_error(const http::Response& response, const std::string& endpoint,
                    const identity::Identity& identity, std::chrono::sys_seconds now);

}  // namespace rolecall::aws
