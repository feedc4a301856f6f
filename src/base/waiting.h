// What the program waits for, so that a person who waits with it can be told.
#pragma once

#include <functional>
#include <string>

namespace rolecall {

// For as long as it lives, this thread waits for `what`: "an answer of https://example". It costs
// nothing unless show_waits was called.
class Waiting {
 public:
  explicit Waiting(std::string what);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  unsigned long number_;  // 0: nobody looks
};

// Calls `show` once this thread has waited for a second for one thing, with what that is, and again
// with an empty text when that is over. `show` runs in a thread of its own, or in this one; never
// twice at once. Other threads' waits are not shown: nobody waits for them. `is_wanted`, if it is
// given, is asked at the first wait: most runs that find all in the cache have none.
void show_waits(std::function<void(const std::string& what)> show,
                std::function<bool()> is_wanted = {});

}  // namespace rolecall
