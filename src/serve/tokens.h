// The session tokens of IMDSv2 (EC2 User Guide, "Use the Instance Metadata Service").
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::serve {

// At most so many at a time, in memory that never grows: a new one takes the place of the oldest.
// Not for several threads at once.
class TokenStore {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit TokenStore(std::size_t most) : slots_(most) {}

  // A new token of 256 random bits, as text for a header. Throws Error (failed) where OpenSSL has
  // no randomness to give.
  std::string issue(std::chrono::seconds ttl, Time now);

  // In a time that tells nothing of the tokens that are there.
  bool valid(std::string_view token, Time now) const;

 private:
  static constexpr std::size_t secret_size = 64;  // 256 bits in hex
  struct Slot {
    std::array<char, secret_size> secret{};
    Time end = Time::min();
  };

  // A token is the number of its slot, which is no secret, and the secret: so one comparison, in
  // constant time, tells whether it is there.
  std::vector<Slot, WipingAllocator<Slot>> slots_;
  std::size_t next_ = 0;
};

}  // namespace rolecall::serve
