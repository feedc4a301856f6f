// Tokens and TPMs whose drivers do not answer.
//
// A program cannot cancel a call into a driver. But it can learn that the call takes too long, and
// then warn the user or exit.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace rolecall {

// Hardware that has not answered for longer than the limit.
struct SilentHardware {
  std::string name;                 // such as "token app"
  std::chrono::seconds silent_for;  // since the call began
  std::thread::id thread;           // the thread that made the call

  std::string text() const;  // "token app has not answered in 31 s"
};

// What the limit applies to: each call, or the sum of all calls that begin after it was set.
enum class LimitOf { one_call, all_calls };

// Sets the limit for the whole process and replaces the previous limit. If a call exceeds the
// limit, `on_silence` is called once for that call, in a separate thread. Until `on_silence`
// returns, no other call into a driver begins or ends. An empty `on_silence` removes the limit.
// Initially, no limit is set.
void limit_hardware_waits(std::chrono::milliseconds limit, LimitOf applies_to,
                          std::function<void(const SilentHardware&)> on_silence);

}  // namespace rolecall
