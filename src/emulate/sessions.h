// The credentials that the emulator has issued.
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

// Random keys and token; the rest is left empty. Throws Error where there is no randomness.
Session random_session();

// A random UUID (RFC 9562, version 4) and one that is always the same for the same name.
std::string random_uuid();
std::string uuid_for(std::string_view name);
// The unique ID of a role, AROA and 17 characters, always the same for the same role.
std::string role_id_for(std::string_view role_arn);

// Expired sessions stay, so that their use can be told from that of unknown ones, until room is
// needed: then the one that expires first goes. Not synchronised.
class Sessions {
 public:
  explicit Sessions(std::size_t capacity = 10000) : capacity_(capacity) {}

  void add(std::shared_ptr<const Session> session);
  std::shared_ptr<const Session> find(const std::string& access_key_id) const;  // or nullptr
  std::size_t size() const { return sessions_.size(); }

 private:
  std::size_t capacity_;
  std::map<std::string, std::shared_ptr<const Session>> sessions_;
  std::set<std::pair<std::chrono::sys_seconds, std::string>> by_expiration_;
};

}  // namespace rolecall::emulate
