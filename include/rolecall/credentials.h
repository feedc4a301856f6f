// What a session yields.
#pragma once

#include <chrono>
#include <string>

#include "rolecall/secret.h"

namespace rolecall {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  // UTC. Never further from this machine's time than what was asked for and five minutes.
  std::chrono::sys_seconds expiration;
  std::string assumed_role_arn;  // arn:aws:sts::<account>:assumed-role/<role>/<session>
  // How far the service's clock is ahead of this machine's, where that is over 4 minutes: then
  // `expiration` is not to be compared with the local time. Else 0.
  std::chrono::seconds clock_skew{0};
};

// The twelve digits of the account that the assumed role is of; empty where its ARN does not tell.
std::string account_of(const Credentials& credentials);

// The answer of a credential_process program: one line of JSON without its line feed, fields as in
// the AWS SDKs and Tools Reference Guide, "Process credential provider" (Version 1). AccountId is
// there where it is known.
Secret credential_process_json(const Credentials& credentials);

}  // namespace rolecall
