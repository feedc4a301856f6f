// Faults on request, with which users can test how their automation handles errors.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace rolecall::emulate {

struct Fault {
  enum class Kind { status, throttle, delay, broken, truncated, empty, clock, retry_after };
  Kind kind = Kind::status;
  int status = 0;                      // only of Kind::status
  std::chrono::milliseconds delay{0};  // only of Kind::delay
  std::chrono::seconds seconds{0};     // only of Kind::clock and Kind::retry_after
  std::optional<unsigned> left;        // how many more responses it affects. nullopt: all

  bool active() const { return !left || *left > 0; }
};

// Parses KIND[=VALUE][:COUNT], as the manual of `rolecall emulate` describes it. Throws Error
// (usage).
Fault parse_fault(const std::string& text);

// The faults of one response of POST /sessions.
struct Effects {
  std::optional<Fault> outcome;  // status, throttle, broken, truncated or empty
  std::chrono::milliseconds delay{0};
  std::optional<std::chrono::seconds> retry_after;
};

class Faults {
 public:
  explicit Faults(std::vector<Fault> faults) : faults_(std::move(faults)) {}

  // The error of the emulator's clock for the next request.
  std::chrono::seconds clock_offset() const;

  // The effects on the next response. Counts down the faults that it uses. Of the outcomes, the
  // first one in order that is not used up applies: `500:2` and then `503:1` are three failures in
  // a row. Delays, clock errors and Retry-After are combined with any outcome.
  Effects next();

 private:
  std::vector<Fault> faults_;
};

}  // namespace rolecall::emulate
