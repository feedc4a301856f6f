#include "base/waiting.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/signals.h"

namespace rolecall {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds show_after{1};

class WaitDisplay {
 public:
  void show_with(std::function<void(const std::string&)> show, std::function<bool()> is_wanted) {
    const std::scoped_lock lock(mutex_);
    show_ = std::move(show);
    is_wanted_ = std::move(is_wanted);
    owner_ = std::this_thread::get_id();
    is_used_ = true;
  }

  unsigned long begin(std::string what) {
    if (!is_used_) return 0;
    const std::scoped_lock lock(mutex_);
    if (std::this_thread::get_id() != owner_) return 0;
    if (const auto is_wanted = std::exchange(is_wanted_, nullptr)) is_used_ = is_wanted();
    if (!is_used_) return 0;
    hide();
    waits_.push_back({++last_number_, std::move(what), steady_clock::now() + show_after});
    watch();
    changed_.notify_one();
    return last_number_;
  }

  void end(unsigned long number) {
    const std::scoped_lock lock(mutex_);
    hide();
    std::erase_if(waits_, [number](const Wait& wait) { return wait.number == number; });
    if (!waits_.empty()) changed_.notify_one();
  }

 private:
  struct Wait {
    unsigned long number;
    std::string what;
    steady_clock::time_point due;
  };

  void hide() {
    if (std::exchange(is_shown_, false)) show_("");
  }

  void watch() {
    if (is_watched_) return;
    const BlockAllSignals no_signals;
    try {
      std::thread([this] { run(); }).detach();
      is_watched_ = true;
    } catch (const std::system_error&) {  // no thread can be started: nothing is shown
    }
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (waits_.empty() || is_shown_) {
        changed_.wait(lock);
      } else if (steady_clock::now() < waits_.back().due) {
        changed_.wait_until(lock, waits_.back().due);
      } else {
        is_shown_ = true;
        show_(waits_.back().what);
      }
    }
  }

  std::atomic<bool> is_used_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void(const std::string&)> show_;
  std::function<bool()> is_wanted_;
  std::thread::id owner_;
  std::vector<Wait> waits_;  // the newest last
  unsigned long last_number_ = 0;
  bool is_shown_ = false;
  bool is_watched_ = false;
};

// Never destroyed, because its thread uses it until the process ends.
WaitDisplay& wait_display() {
  static WaitDisplay& instance = *new WaitDisplay;
  return instance;
}

}  // namespace

Waiting::Waiting(std::string what) : number_(wait_display().begin(std::move(what))) {}

Waiting::~Waiting() {
  if (number_ != 0) wait_display().end(number_);
}

void show_waits(std::function<void(const std::string& what)> show,
                std::function<bool()> is_wanted) {
  wait_display().show_with(std::move(show), std::move(is_wanted));
}

}  // namespace rolecall
