// Turns error answers to a CreateSession call into messages for users.
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"
#include "identity/identity.h"
#include "rolecall/error.h"

namespace rolecall::aws {

// An error that the service itself sent. Another process with the same request would get it, too.
struct ServiceRefusal : Error {
  ServiceRefusal(const Error& error, bool is_5xx) : Error(error), is_outage(is_5xx) {}
  bool is_outage;
};

// The endpoint could not be reached, did not answer in time, or something else than the service
// answered 5xx.
struct Outage : Error {
  explicit Outage(const Error& error) : Error(error) {}
};

// Whether another endpoint may answer after this failure. False if the service refused the request,
// and for every failure on this machine, such as a key that cannot be used.
bool is_outage(const Error& error);

// Whether the service itself sent this error answer. The service names its errors; a proxy, a
// gateway or the login page of a network does not.
bool is_from_service(const http::Response& response);

// Returns the error for an answer of `endpoint` without credentials. The message contains the name
// and text that the service gave and the request id; the hint says what the user can do, if
// anything. `identity` and `now` are only for the hint.
Error service_error(const http::Response& response, const std::string& endpoint,
                    const identity::Identity& identity, std::chrono::sys_seconds now);

}  // namespace rolecall::aws
