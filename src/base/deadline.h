// One time limit for work that has several steps.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace rolecall {

// Not thread-safe: only one thread may use it.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit, const Clock& clock = machine_clock())
      : clock_(clock), limit_(limit), end_(clock.steady() + limit) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() = default;

  const Clock& clock() const { return clock_; }
  std::chrono::milliseconds limit() const { return limit_; }
  // The time that is left; 0 once the deadline has passed.
  std::chrono::milliseconds left() const {
    const auto now = pauses_ > 0 ? paused_ : clock_.steady();
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end_ - now),
                    std::chrono::milliseconds(0));
  }
  bool passed() const { return left() == std::chrono::milliseconds(0); }

  // While this object lives, the time does not count, for example while a person types a password.
  // A pause inside another pause changes nothing.
  class Pause {
   public:
    // If `deadline` is nullptr, this does nothing.
    explicit Pause(Deadline* deadline) : deadline_(deadline) {
      if (deadline_ != nullptr && deadline_->pauses_++ == 0)
        deadline_->paused_ = deadline_->clock_.steady();
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause() {
      if (deadline_ != nullptr && --deadline_->pauses_ == 0) deadline_->start_again();
    }

   private:
    Deadline* deadline_;
  };

  // While this object lives, the time counts again in the middle of a pause, for example while the
  // password is read from a file.
  class Resume {
   public:
    explicit Resume(Deadline* deadline)
        : deadline_(deadline), pauses_(deadline == nullptr ? 0 : deadline->pauses_) {
      if (pauses_ == 0) return;
      deadline_->pauses_ = 0;
      deadline_->start_again();
    }
    Resume(const Resume&) = delete;
    Resume& operator=(const Resume&) = delete;
    ~Resume() {
      if (pauses_ == 0) return;
      deadline_->pauses_ = pauses_;
      deadline_->paused_ = deadline_->clock_.steady();
    }

   private:
    Deadline* deadline_;
    int pauses_;
  };

 private:
  void start_again() { end_ += clock_.steady() - paused_; }

  const Clock& clock_;
  std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point end_;
  std::chrono::steady_clock::time_point paused_;  // when the clock was stopped, if pauses_ > 0
  int pauses_ = 0;
};

}  // namespace rolecall
