// Tokens and TPMs whose drivers do not answer.
//
// A call into a driver cannot be ended by the program that made it. But a program can learn that
// the call takes too long, and warn a person, or end.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace rolecall {

// Hardware that has not answered for longer than the limit.
struct SilentHardware {
  std::string name;           // such as "token app"
  std::chrono::seconds time;  // since the call began
  std::thread::id thread;     // the thread that made the call

  std::string text() const;  // "token app has not answered in 31 s"
};

// What the limit is for: each call, or the sum of all calls that begin after it was set.
enum class LimitOf { one_call, all_calls };

// Sets the limit for the whole process, in place of the one before. `then` is called once for each
// call that exceeds it, in a thread of its own. Until `then` returns, no other call into a driver
// begins or ends. An empty `then` removes the limit. No limit is set at the start.
void limit_hardware_waits(std::chrono::milliseconds limit, LimitOf what,
                          std::function<void(const SilentHardware&)> then);

}  // namespace rolecall
