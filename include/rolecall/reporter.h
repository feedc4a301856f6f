// How the library reports to its caller. The library itself never prints.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rolecall {

// If a function is empty, its messages are dropped. No message contains a secret.
struct Reporter {
  std::function<void(std::string_view)> warn;   // a problem to fix; the work goes on
  std::function<void(std::string_view)> debug;  // a step of the work; may have several lines

  void warning(std::string_view text) const {
    if (warn) warn(text);
  }
  // Takes a function that returns the text, so that no text is made if `debug` is empty.
  template <class MakeText>
  void trace(MakeText&& make_text) const {
    if (debug) debug(make_text());
  }
};

}  // namespace rolecall
