// Calls into the drivers of tokens and TPMs. A program cannot end a call that does not return,
// except by ending itself. But it can notice that the call takes too long. For this, every such
// call is made while a HardwareWait exists.
#pragma once

#include <string>

namespace rolecall::identity {

// Marks this thread as waiting for hardware, as long as the object lives. Code that asks a person
// for input must not hold a HardwareWait. One inside another has no effect.
class HardwareWait {
 public:
  // `name` is the name of the hardware for messages, such as "token app".
  explicit HardwareWait(const std::string& name);
  HardwareWait(const HardwareWait&) = delete;
  HardwareWait& operator=(const HardwareWait&) = delete;
  ~HardwareWait();
};

}  // namespace rolecall::identity
