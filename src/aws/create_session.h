// The CreateSession call: what goes into its body and what comes back (IAM Roles Anywhere User
// Guide, "CreateSession").
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/message.h"
#include "identity/identity.h"
#include "rolecall/credentials.h"
#include "rolecall/session.h"

namespace rolecall::aws {

inline constexpr const char* sessions_path = "/sessions";

// A session's options, checked as a set and ready to send.
struct SessionRequest {
  http::Origin origin;
  std::string region;
  std::string body;                   // JSON
  std::chrono::seconds duration{0};   // as in the body
  std::vector<std::string> warnings;  // what a person should mend, yet the service may take
};

// Throws Error (usage) for an ARN that is none, partitions or regions that disagree, a duration or
// a session name that the service refuses, an endpoint that cannot be used.
SessionRequest prepare_session(const SessionOptions& options);

// The credentials in a 2xx answer of `endpoint`. Throws Error (failed) where it is not what the
// service answers.
Credentials read_credentials(const http::Response& response, const std::string& endpoint);

// The service's own word: anyone else who had asked for the same would have got it, too.
struct Refusal : Error {
  explicit Refusal(const Error& error) : Error(error) {}
};

// Whether the service itself wrote this answer that is no success: it names its errors. A proxy, a
// gateway or the login page of a network does not.
bool is_from_service(const http::Response& response);

// The error that any other answer of `endpoint` is, its kind by what may pass, with the service's
// name and text of it, the request id and a hint where the user can do something. `identity` serves
// the hints.
Error service_error(const http::Response& response, const std::string& endpoint,
                    const identity::Identity& identity, std::chrono::sys_seconds now);

}  // namespace rolecall::aws
