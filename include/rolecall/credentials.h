// The credentials of a session.
#pragma once

#include <chrono>
#include <string>

#include "rolecall/secret.h"

namespace rolecall {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  // UTC. At most five minutes later than the requested duration from now, by this machine's clock.
  std::chrono::sys_seconds expiration;
  std::string assumed_role_arn;  // arn:aws:sts::<account>:assumed-role/<role>/<session>
  // How far the service's clock is ahead of this machine's clock, if the difference is more than 4
  // minutes; otherwise 0. If it is not 0, do not compare `expiration` with the local time.
  std::chrono::seconds clock_skew{0};
};

// The account id (12 digits) in assumed_role_arn. Empty if that ARN has none.
std::string account_of(const Credentials& credentials);

// The output of a credential_process program: one line of JSON, without the line feed. The fields
// are those of Version 1 in the AWS SDKs and Tools Reference Guide, "Process credential provider".
// AccountId is left out if account_of() is empty.
Secret credential_process_json(const Credentials& credentials);

}  // namespace rolecall
