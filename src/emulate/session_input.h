// What a CreateSession request asks for.
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"

namespace rolecall::emulate {

struct SessionInput {
  std::string trust_anchor_arn;
  std::string profile_arn;
  std::string role_arn;
  std::chrono::seconds duration{3600};
  std::string role_session_name;  // empty: not given

  // Read from the ARNs.
  std::string partition;
  std::string region;
  std::string anchor_account;
  std::string role_account;
  std::string role_name;  // without its path
};

// Takes each parameter from the JSON body or, as the service's own helper sends the ARNs, from the
// query (API reference, "CreateSession"). Throws Refusal (ValidationException) where one is
// missing, ill-formed or out of range, and where regions or partitions do not agree.
SessionInput read_session_input(const http::Request& request);

// arn:<partition>:iam::<account>:role/<path and name>
bool is_role_arn(const std::string& text);

}  // namespace rolecall::emulate
