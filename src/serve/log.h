// One line an event, as text or as JSON. No token and no secret is ever a field.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace rolecall::serve {

struct Field {
  std::string_view name;
  std::string value;
};

using Fields = std::initializer_list<Field>;

class Log {
 public:
  // Says an event of level "info" or "warning" in its own form.
  using Say =
      std::function<bool(std::string_view level, std::string_view event, const Fields& fields)>;
  explicit Log(Say say) : say_(std::move(say)) {}

  enum class Format { text, timed_text, json };
  // Takes a whole line with its line feed; called from several threads at once. False: it could
  // not be written, and is lost.
  using Write = std::function<bool(const std::string& line)>;

  // As text "rolecall: <event>, name=value, …", a warning's with "warning: " before the event, and
  // all behind the time where that is asked for; as JSON an object of "time", "level", "event" and
  // the fields. Empty fields are left out. Of a line that would have more than PIPE_BUF bytes, long
  // values are cut ("…"). `infos`: whether there is more in it than warnings.
  Log(Format format, Write write, bool infos = true);

  // False: the line is lost.
  bool info(std::string_view event, const Fields& fields) const {
    return say_("info", event, fields);
  }
  bool warning(std::string_view event, const Fields& fields) const {
    return say_("warning", event, fields);
  }

 private:
  Say say_;
};

}  // namespace rolecall::serve
