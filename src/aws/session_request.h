// What a CreateSession call asks for (IAM Roles Anywhere User Guide, "CreateSession").
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "http/client.h"
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

}  // namespace rolecall::aws
