// One line an event, as text or as JSON. No token and no secret is ever a field.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rolecall::serve {

struct Field {
  std::string_view name;
  std::string value;
};

class Log {
 public:
  enum class Format { text, timed_text, json };
  // Takes a whole line with its line feed; called from several threads at once. False: it could
  // not be written, and is lost.
  using Write = std::function<bool(const std::string& line)>;

  // `infos`: whether there is more in it than warnings.
  Log(Format format, Write write, bool infos = true)
      : format_(format), write_(std::move(write)), infos_(infos) {}

  // As text "rolecall: <event>, name=value, …", a warning's with "warning: " before the event, and
  // all behind the time where that is asked for; as JSON an object of "time", "level", "event" and
  // the fields. Empty fields are left out. Of a line that would have more than PIPE_BUF bytes, long
  // values are cut ("…"). False: the line is lost.
  bool info(std::string_view event, std::initializer_list<Field> fields) const {
    return !infos_ || line("info", event, fields);
  }
  bool warning(std::string_view event, std::initializer_list<Field> fields) const {
    return line("warning", event, fields);
  }

 private:
  bool line(std::string_view level, std::string_view event,
            std::initializer_list<Field> fields) const;
  // With at most so many bytes of each value.
  std::string text(const std::string& time, std::string_view level, std::string_view event,
                   std::initializer_list<Field> fields, std::size_t most) const;

  Format format_;
  Write write_;
  bool infos_;
};

}  // namespace rolecall::serve
