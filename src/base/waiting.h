// Says what the program waits for, so that a person who also waits can see it.
#pragma once

#include <functional>
#include <string>

namespace rolecall {

// While this object lives, this thread waits for `what`, such as "an answer of https://example". A
// Waiting costs nothing unless show_waits was called.
class Waiting {
 public:
  explicit Waiting(std::string what);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  unsigned long number_;  // 0: this wait is not shown
};

// Calls `show` with the text of a wait once this thread has waited for a second, and with an empty
// text when the wait is over. `show` runs in a thread of its own or in this one, but never twice at
// once. Waits of other threads are not shown, because no person waits for them. If `is_wanted` is
// given, the first wait calls `is_wanted` to learn whether waits are to be shown. Nothing calls
// `is_wanted` before, because most runs that find everything in the cache do not wait.
void show_waits(std::function<void(const std::string& what)> show,
                std::function<bool()> is_wanted = {});

}  // namespace rolecall
