// The end of a piece of work that takes its time from one budget.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace rolecall {

// For one thread.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit, const Clock& clock = machine_clock())
      : clock_(clock), limit_(limit), end_(clock.steady() + limit) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() = default;

  const Clock& clock() const { return clock_; }
  std::chrono::milliseconds limit() const { return limit_; }
  std::chrono::milliseconds left() const {
    const auto now = pauses_ > 0 ? paused_ : clock_.steady();
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end_ - now),
                    std::chrono::milliseconds(0));
  }
  bool passed() const { return left() == std::chrono::milliseconds(0); }

  // Time that does not count, while one of these lives: a person types a password. One inside
  // another changes nothing.
  class Pause {
   public:
    // nullptr: there is no deadline to stop.
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

  // Time that counts in the middle of a pause: the password is read from a file.
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
  std::chrono::steady_clock::time_point paused_;  // since then, if there are pauses
  int pauses_ = 0;
};

}  // namespace rolecall
