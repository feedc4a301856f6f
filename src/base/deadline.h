// The end of a piece of work that takes its time from one budget.
#pragma once

#include <algorithm>
#include <chrono>

namespace rolecall {

// For one thread.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(std::chrono::milliseconds limit) : limit_(limit), end_(Clock::now() + limit) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() = default;

  std::chrono::milliseconds limit() const { return limit_; }
  std::chrono::milliseconds left() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now());
    return std::max(left, std::chrono::milliseconds(0));
  }
  bool passed() const { return left() == std::chrono::milliseconds(0); }

  // Time that does not count, while one of these lives: a person types a password. One inside
  // another changes nothing.
  class Pause {
   public:
    // nullptr: there is no deadline to stop.
    explicit Pause(Deadline* deadline) : deadline_(deadline), begin_(Clock::now()) {
      if (deadline_ != nullptr) ++deadline_->pauses_;
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause() {
      if (deadline_ != nullptr && --deadline_->pauses_ == 0) {
        deadline_->end_ += Clock::now() - begin_;
      }
    }

   private:
    Deadline* deadline_;
    Clock::time_point begin_;
  };

 private:
  std::chrono::milliseconds limit_;
  Clock::time_point end_;
  int pauses_ = 0;
};

}  // namespace rolecall
