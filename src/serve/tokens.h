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

// Which boot of the kernel this is. If the kernel does not tell: another one for each call.
std::string this_boot();

// A token says when it was issued and for how long, with a MAC under a key that nobody else has. So
// no table of them takes memory or is ever full: a flood of new tokens ends nobody's. With the same
// key they are valid after a restart, too: some clients keep theirs for six hours, and send it
// again after a 401.
// A token's time is counted by the clock that runs since the boot, which counts a suspend, too. So
// a wall clock that is wrong or is set neither ends a token nor prolongs one, not even over a
// restart. Only over a boot it is the wall clock that counts.
// For one thread.
class ImdsTokens {
 public:
  // `key`: of at least 256 bits; without one there are no tokens. `boot` names the boot whose clock
  // the instants below have. Throws Error (failed) if OpenSSL has no HMAC to give.
  ImdsTokens(Secret key, std::string_view boot);

  // A new token, as text for a header, for at most `longest_token_life`. Throws Error (failed) if
  // OpenSSL has no randomness or no HMAC to give.
  std::string issue(std::chrono::seconds life, aws::Instant now) const;

  // In a time that tells nothing of the key.
  bool valid(std::string_view token, aws::Instant now) const;

 private:
  // A token with the right MAC.
  struct Genuine {
    std::string token;
    std::chrono::system_clock::time_point wall;  // both are when it was issued
    std::chrono::steady_clock::time_point since_boot;
    std::chrono::seconds life{};
    bool is_of_this_boot = false;
  };

  const Genuine* find_genuine(std::string_view token) const;
  std::string mac(std::string_view use, std::string_view content) const;

  Secret key_;
  std::string boot_;  // as it is in tokens
  // A client sends its token with each request, and a MAC costs more than all else that is done for
  // one. Each token has its place here, which it takes from another.
  mutable std::array<Genuine, 64> recent_;
};

}  // namespace rolecall::serve
