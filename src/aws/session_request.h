// The content of a CreateSession request (IAM Roles Anywhere User Guide, "CreateSession").
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "http/origin.h"
#include "rolecall/session.h"

namespace rolecall::aws {

inline constexpr const char* sessions_path = "/sessions";

// The options of a session after all checks, ready to send.
struct SessionRequest {
  http::Origin origin;
  std::string region;
  std::string body;                   // JSON
  std::chrono::seconds duration{0};   // the same as in the body
  std::vector<std::string> warnings;  // problems that the service may accept
};

// Checks the options and makes the request. Throws Error (usage) for an ARN that is not valid, for
// partitions or regions that disagree, for a duration or a session name that the service refuses,
// and for an endpoint that cannot be used.
SessionRequest prepare_session(const SessionOptions& options);

}  // namespace rolecall::aws
