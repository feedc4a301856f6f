// Faults on request, so that users can see how their automation takes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace rolecall::emulate {

struct Fault {
  enum class Kind { status, throttle, delay, broken, truncated, empty, clock, retry_after };
  Kind kind = Kind::status;
  int status = 0;                      // of Kind::status
  std::chrono::milliseconds delay{0};  // of Kind::delay
  std::chrono::seconds seconds{0};     // of Kind::clock and Kind::retry_after
  std::optional<unsigned> left;        // for so many answers more; nullopt: for all

  bool active() const { return !left || *left > 0; }
};

// KIND[=VALUE][:COUNT], as the manual of `rolecall emulate` lists them. Throws Error (usage).
Fault parse_fault(const std::string& text);

// What happens to one answer of POST /sessions.
struct Effects {
  std::optional<Fault> outcome;  // status, throttle, broken, truncated or empty
  std::chrono::milliseconds delay{0};
  std::optional<std::chrono::seconds> retry_after;
};

class Faults {
 public:
  explicit Faults(std::vector<Fault> faults) : faults_(std::move(faults)) {}

  // How far the emulator's clock is off for the request that comes next.
  std::chrono::seconds clock_offset() const;

  // For the next answer; uses up counts. Of the outcomes the first in order that is not used up
  // counts, so that `500:2` and then `503:1` are three failures in a row. Delays, the clock and
  // Retry-After go along with any outcome.
  Effects next();

 private:
  std::vector<Fault> faults_;
};

}  // namespace rolecall::emulate
