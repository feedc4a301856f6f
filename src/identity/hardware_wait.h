// Calls into the drivers of tokens and TPMs. One that does not return cannot be ended, but with the
// process: what can be done is to know of it. Every such call is made under a HardwareWait.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace rolecall::identity {

// This thread waits for hardware, for as long as one of these lives; what a person types meanwhile
// is no part of it. One inside another changes nothing.
class HardwareWait {
 public:
  // `name` is such as "token app", for messages.
  explicit HardwareWait(const std::string& name);
  HardwareWait(const HardwareWait&) = delete;
  HardwareWait& operator=(const HardwareWait&) = delete;
  ~HardwareWait();
};

// It has not answered for longer than the limit that was set.
struct SilentHardware {
  std::string name;
  std::chrono::seconds time;
  std::thread::id thread;  // which waits for it

  std::string text() const;  // "token app has not answered in 31 s"
};
extern const char* const hint_for_silent_hardware;

// A limit for one call, or for all calls that begin after it was set together.
enum class LimitOf { one_call, all_calls };

// `then` is called once for each wait that goes beyond it, in a thread of its own; until it returns
// nobody's wait begins or ends. An empty one: no limit any more.
void limit_hardware_waits(std::chrono::milliseconds limit, LimitOf what,
                          std::function<void(const SilentHardware&)> then);

// What this thread waits for beyond the limit, at this moment.
std::optional<SilentHardware> silent_hardware(std::thread::id thread);

}  // namespace rolecall::identity
