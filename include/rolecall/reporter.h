// How the library speaks to whoever called it. It never prints by itself.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rolecall {

// Both may be empty: then the message is dropped. No message ever holds a secret.
struct Reporter {
  std::function<void(std::string_view)> warn;   // something a person should mend, yet work goes on
  std::function<void(std::string_view)> debug;  // a step; may have several lines

  void warning(std::string_view text) const {
    if (warn) warn(text);
  }
  // Takes a function that makes the text, so that a run without --debug makes none.
  template <class MakeText>
  void trace(MakeText&& make_text) const {
    if (debug) debug(make_text());
  }
};

}  // namespace rolecall
