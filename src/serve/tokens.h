// The session tokens of IMDSv2 (EC2 User Guide, "Use the Instance Metadata Service").
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "aws/renewal.h"
#include "rolecall/secret.h"

namespace rolecall::serve {

inline constexpr std::chrono::seconds max_token_lifetime{21600};

// Identifies the kernel's present boot. If the kernel does not say, returns a different value each
// time.
std::string this_boot();

// An IMDS token contains the time of issue, the lifetime, and a MAC under a key that only this
// server has. So the server needs no table of tokens, which would take memory and could become
// full. So requests for very many tokens make no other token invalid. With the same key, tokens are
// valid after a restart, too. This matters because some clients keep their token for six hours and
// send it again after a 401.
//
// A token's lifetime is measured by the clock that runs since the boot and that also counts while
// the machine is suspended. So a wall clock that is wrong or is set neither shortens nor extends
// the lifetime of a token, even if the server is restarted. The wall clock counts only for tokens
// that were issued before the machine's last boot.
//
// Use an object from only one thread.
class ImdsTokens {
 public:
  // `key` has at least 256 bits; if it is empty, there are no tokens. `boot` identifies the boot
  // that the steady clock of the instants below counts from. Throws Error (failed) if OpenSSL has
  // no HMAC.
  ImdsTokens(Secret key, std::string_view boot);

  // Returns a new token, as text for a header. It is valid for `lifetime`, but at most for
  // `max_token_lifetime`. Throws Error (failed) if OpenSSL has no random bytes or no HMAC.
  std::string issue(std::chrono::seconds lifetime, aws::Instant now) const;

  // Whether the token was issued with this key and has not expired. Takes a time that does not
  // depend on the key.
  bool valid(std::string_view token, aws::Instant now) const;

 private:
  // A token whose MAC is correct.
  struct VerifiedToken {
    std::string token;
    std::chrono::system_clock::time_point wall;  // time of issue on both clocks
    std::chrono::steady_clock::time_point since_boot;
    std::chrono::seconds lifetime{};
    bool is_of_this_boot = false;
  };

  const VerifiedToken* find_verified(std::string_view token) const;
  std::string mac(std::string_view use, std::string_view content) const;

  Secret key_;
  std::string boot_;  // in the form that tokens contain
  // A client sends its token with each request, and the MAC takes more time than the rest of the
  // answer. So tokens with a correct MAC are kept here. Each token has one slot and takes it from
  // the token before.
  mutable std::array<VerifiedToken, 64> recent_;
};

}  // namespace rolecall::serve
