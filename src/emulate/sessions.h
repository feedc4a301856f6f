// The sessions that the emulator has started.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "rolecall/secret.h"

namespace rolecall::emulate {

struct Session {
  std::string access_key_id;  // ASIA…, 20 characters
  Secret secret_access_key;   // 40 characters
  Secret session_token;       // some hundreds of base64 characters
  std::chrono::sys_seconds expiration;
  std::string assumed_role_arn;  // arn:aws:sts::<account>:assumed-role/<role>/<session name>
  std::string assumed_role_id;   // AROA…:<session name>
  std::string account;
};

// A session with random keys and a random token. The other fields are empty. Throws Error (failed)
// if there is no source of randomness.
Session random_session();

// random_uuid: a random UUID (RFC 9562, version 4). uuid_for: a UUID that is always the same for
// the same name (version 8).
std::string random_uuid();
std::string uuid_for(std::string_view name);
// The unique ID of a role: AROA and 17 characters. It is always the same for the same role.
std::string role_id_for(std::string_view role_arn);

// Sessions by access key id. Expired sessions stay, so that the emulator can say that their
// credentials have expired. If there are too many sessions, the one with the earliest expiry is
// removed. Not safe for several threads at once.
class Sessions {
 public:
  explicit Sessions(std::size_t capacity = 10000) : capacity_(capacity) {}

  void add(std::shared_ptr<const Session> session);
  // nullptr: no such session
  std::shared_ptr<const Session> find(const std::string& access_key_id) const;
  std::size_t size() const { return sessions_.size(); }

 private:
  std::size_t capacity_;
  std::map<std::string, std::shared_ptr<const Session>> sessions_;
  std::set<std::pair<std::chrono::sys_seconds, std::string>> by_expiration_;
};

}  // namespace rolecall::emulate
