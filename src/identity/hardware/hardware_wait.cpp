#include "identity/hardware/hardware_wait.h"

#include "identity/hardware/hardware.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>

#include "base/signals.h"
#include "base/time.h"
#include "base/waiting.h"

namespace rolecall::identity {
namespace {

using std::chrono::steady_clock;

struct Wait {
  std::string name;
  std::thread::id thread;
  steady_clock::time_point begin;
  steady_clock::duration earlier_time;  // total time of the waits that ended before this one
  bool resumed = false;
  bool reported = false;
};

// All waits, and the thread that watches them. The thread starts with the first wait that has a
// limit, because most runs use no hardware.
class Waits {
 public:
  void begin(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    waits_.push_back({name, std::this_thread::get_id(), steady_clock::now(), total_});
    was_used_ = true;
    if (on_silence_) start_watching();
  }

  void end() {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(waits_.begin(), waits_.end(), [](const Wait& wait) {
      return wait.thread == std::this_thread::get_id();
    });
    if (found == waits_.end()) return;
    // If the process was stopped (SIGSTOP), the call can return before run() looks at the clock.
    if (!was_process_stopped(*found)) total_ += steady_clock::now() - found->begin;
    waits_.erase(found);
  }

  void limit(steady_clock::duration limit, LimitOf limit_of,
             std::function<void(const SilentHardware&)> on_silence) {
    const std::scoped_lock lock(mutex_);
    limit_ = limit;
    limit_of_ = limit_of;
    on_silence_ = std::move(on_silence);
    total_ = {};
    changed_.notify_one();
  }

  bool was_used() {
    const std::scoped_lock lock(mutex_);
    return was_used_;
  }

  std::optional<SilentHardware> silent(std::thread::id thread) {
    const std::scoped_lock lock(mutex_);
    for (const Wait& wait : waits_)
      if (wait.thread == thread && on_silence_ && steady_clock::now() >= due(wait))
        return report_of(wait);
    return std::nullopt;
  }

 private:
  steady_clock::time_point due(const Wait& wait) const {
    return wait.begin + (limit_of_ == LimitOf::one_call ? limit_ : limit_ - wait.earlier_time);
  }

  // Whether the process was stopped (SIGSTOP), and with it the driver. This is accepted only once
  // for each wait, because a process that got no CPU time looks the same.
  bool was_process_stopped(const Wait& wait) const {
    return on_silence_ && !wait.resumed && steady_clock::now() - due(wait) > longest_delay;
  }

  SilentHardware report_of(const Wait& wait) const {
    const steady_clock::duration time =
        steady_clock::now() - wait.begin +
        (limit_of_ == LimitOf::one_call ? steady_clock::duration{} : wait.earlier_time);
    return {wait.name, std::chrono::floor<std::chrono::seconds>(time), wait.thread};
  }

  void start_watching() {
    if (idle_) changed_.notify_one();  // not for each call: it costs a switch of threads
    if (watched_) return;
    const BlockAllSignals no_signals;
    try {
      std::thread([this] { run(); }).detach();
      watched_ = true;
    } catch (const std::system_error&) {  // the system has no thread left: waits are not watched
    }
  }

  // A new wait is never due before an older one. So run() need not be woken up for it.
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      Wait* next = nullptr;
      for (Wait& wait : waits_)
        if (!wait.reported && (next == nullptr || due(wait) < due(*next))) next = &wait;
      if (!on_silence_ || next == nullptr) {
        idle_ = true;
        changed_.wait(lock);
        idle_ = false;
        continue;
      }
      const steady_clock::time_point when = due(*next);
      if (steady_clock::now() < when) {
        changed_.wait_until(lock, when);
      } else if (was_process_stopped(*next)) {
        next->resumed = true;
        next->begin = steady_clock::now();
      } else {
        next->reported = true;
        on_silence_(report_of(*next));
      }
    }
  }

  static constexpr std::chrono::seconds longest_delay{1};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Wait> waits_;
  steady_clock::duration total_{};
  steady_clock::duration limit_{};
  LimitOf limit_of_ = LimitOf::one_call;
  std::function<void(const SilentHardware&)> on_silence_;
  bool was_used_ = false;
  bool watched_ = false;
  bool idle_ = false;
};

// Never destroyed, because a call that hangs at exit still uses it.
Waits& all_waits() {
  static Waits& instance = *new Waits;
  return instance;
}

thread_local int nested_waits = 0;
thread_local std::optional<Waiting> waiting;

}  // namespace

const char* const hint_for_silent_hardware =
    "the reader or the driver may hang; check whether the hardware answers other programs: "
    "pkcs11-tool --list-objects, tpm2_getrandom 8";

HardwareWait::HardwareWait(const std::string& name) {
  if (nested_waits++ != 0) return;
  all_waits().begin(name);
  waiting.emplace(name);
}

HardwareWait::~HardwareWait() {
  if (--nested_waits != 0) return;
  waiting.reset();
  all_waits().end();
}

std::optional<SilentHardware> silent_hardware(std::thread::id thread) {
  return all_waits().silent(thread);
}

bool hardware_was_used() {
  return all_waits().was_used();
}

}  // namespace rolecall::identity

namespace rolecall {

std::string SilentHardware::text() const {
  return name + " has not answered in " + seconds_text(silent_for);
}

void limit_hardware_waits(std::chrono::milliseconds limit, LimitOf applies_to,
                          std::function<void(const SilentHardware&)> on_silence) {
  identity::all_waits().limit(limit, applies_to, std::move(on_silence));
}

}  // namespace rolecall
