// The session tokens of IMDSv2 (EC2 User Guide, "Use the Instance Metadata Service").
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "aws/renewal.h"
#include "rolecall/secret.h"

namespace rolecall::serve {

inline constexpr std::chrono::seconds longest_token_life{21600};

// A token says when it was issued and for how long, with a MAC under a key that nobody else has. So
// no table of them takes memory or is ever full: a flood of new tokens ends nobody's. With the same
// key they are valid after a restart, too: some clients keep theirs for six hours, and send it
// again after a 401.
// For one thread.
class ImdsTokens {
 public:
  // `key`: of at least 256 bits. `now` is when the process starts: from then on time is counted by
  // the steady clock, so that a wall clock that is set ends no token and prolongs none. After a
  // restart it is the wall clock's once more.
  ImdsTokens(Secret key, aws::Instant now) : key_(std::move(key)), start_(now) {}

  // A new token, as text for a header, for at most `longest_token_life`. Throws Error (failed) if
  // OpenSSL has no randomness or no HMAC to give.
  std::string issue(std::chrono::seconds life, aws::Instant now) const;

  // In a time that tells nothing of the key.
  bool valid(std::string_view token, aws::Instant now) const;

 private:
  // A token with the right MAC.
  struct Genuine {
    std::string token;
    std::chrono::sys_seconds issued;
    std::chrono::sys_seconds end;
  };

  const Genuine* find_genuine(std::string_view token) const;
  std::chrono::sys_seconds time(aws::Instant now) const;
  std::string mac(std::string_view claims) const;

  Secret key_;
  aws::Instant start_;
  // A client sends its token with each request, and a MAC costs more than all else that is done for
  // one. Each token has its place here, which it takes from another.
  mutable std::array<Genuine, 64> recent_;
};

}  // namespace rolecall::serve
