// The parameters of a CreateSession request.
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

  // Taken from the ARNs.
  std::string partition;
  std::string region;
  std::string anchor_account;
  std::string role_account;
  std::string role_name;  // without its path
};

// Reads each parameter from the JSON body, or from the query, where the official helper sends the
// ARNs (API reference, "CreateSession"). Throws ErrorResponse (ValidationException) if a parameter
// is missing, malformed or out of range, or if the regions or partitions of the ARNs differ.
SessionInput read_session_input(const http::Request& request);

// Whether the text has the form arn:<partition>:iam::<account>:role/<path and name>.
bool is_role_arn(const std::string& text);

}  // namespace rolecall::emulate
