// Calls into the drivers of tokens and TPMs. One that does not return cannot be ended, but with the
// process: what can be done is to know of it. Every such call is made under a HardwareWait.
#pragma once

#include <string>

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

}  // namespace rolecall::identity
