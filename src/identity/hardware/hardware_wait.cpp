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
  steady_clock::duration before;  // total time of the waits that ended before
  bool resumed = false;
  bool reported = false;
};

// All waits, and the thread that watches them. The thread starts with the first wait that has a
// limit, because most runs use no hardware.
class Waits {
 public:
  void begin(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    waits_.push_back({name, std::this_thread::get_id(), steady_clock::now(), all_});
    if (then_) watch();
  }

  void end() {
    const std::scoped_lock lock(mutex_);
    const auto one = std::find_if(waits_.begin(), waits_.end(), [](const Wait& wait) {
      return wait.thread == std::this_thread::get_id();
    });
    if (one == waits_.end()) return;
    // If the process was stopped (SIGSTOP), the call can return before run() looks at the clock.
    if (!stood_still(*one)) all_ += steady_clock::now() - one->begin;
    waits_.erase(one);
  }

  void limit(steady_clock::duration limit, LimitOf what,
             std::function<void(const SilentHardware&)> then) {
    const std::scoped_lock lock(mutex_);
    limit_ = limit;
    what_ = what;
    then_ = std::move(then);
    all_ = {};
    changed_.notify_one();
  }

  std::optional<SilentHardware> silent(std::thread::id thread) {
    const std::scoped_lock lock(mutex_);
    for (const Wait& wait : waits_)
      if (wait.thread == thread && then_ && steady_clock::now() >= due(wait))
        return silence_of(wait);
    return std::nullopt;
  }

 private:
  steady_clock::time_point due(const Wait& wait) const {
    return wait.begin + (what_ == LimitOf::one_call ? limit_ : limit_ - wait.before);
  }

  // Whether the process was stopped (SIGSTOP), and with it the driver. This is accepted only once
  // for each wait, because a process that got no CPU time looks the same.
  bool stood_still(const Wait& wait) const {
    return then_ && !wait.resumed && steady_clock::now() - due(wait) > longest_delay;
  }

  SilentHardware silence_of(const Wait& wait) const {
    const steady_clock::duration time =
        steady_clock::now() - wait.begin +
        (what_ == LimitOf::one_call ? steady_clock::duration{} : wait.before);
    return {wait.name, std::chrono::floor<std::chrono::seconds>(time), wait.thread};
  }

  void watch() {
    if (idle_) changed_.notify_one();  // not for each call: it costs a switch of threads
    if (watched_) return;
    const BlockAllSignals none;
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
      if (!then_ || next == nullptr) {
        idle_ = true;
        changed_.wait(lock);
        idle_ = false;
        continue;
      }
      const steady_clock::time_point when = due(*next);
      if (steady_clock::now() < when) {
        changed_.wait_until(lock, when);
      } else if (stood_still(*next)) {
        next->resumed = true;
        next->begin = steady_clock::now();
      } else {
        next->reported = true;
        then_(silence_of(*next));
      }
    }
  }

  static constexpr std::chrono::seconds longest_delay{1};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Wait> waits_;
  steady_clock::duration all_{};
  steady_clock::duration limit_{};
  LimitOf what_ = LimitOf::one_call;
  std::function<void(const SilentHardware&)> then_;
  bool watched_ = false;
  bool idle_ = false;
};

// Never destroyed, because a call that hangs at exit still uses it.
Waits& all_waits() {
  static Waits& the_only = *new Waits;
  return the_only;
}

thread_local int depth = 0;
thread_local std::optional<Waiting> waiting;

}  // namespace

const char* const hint_for_silent_hardware =
    "is its reader, or its driver, stuck? see whether it answers others: pkcs11-tool "
    "--list-objects, tpm2_getrandom 8";

HardwareWait::HardwareWait(const std::string& name) {
  if (depth++ != 0) return;
  all_waits().begin(name);
  waiting.emplace(name);
}

HardwareWait::~HardwareWait() {
  if (--depth != 0) return;
  waiting.reset();
  all_waits().end();
}

std::optional<SilentHardware> silent_hardware(std::thread::id thread) {
  return all_waits().silent(thread);
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
