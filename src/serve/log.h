// A log with one line for each event, as text or JSON. No field contains a token or another secret.
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
  // Writes an event of level "info" or "warning" in a form that the caller chooses.
  using WriteEvent =
      std::function<bool(std::string_view level, std::string_view event, const Fields& fields)>;
  explicit Log(WriteEvent write_event) : write_event_(std::move(write_event)) {}

  enum class Format { text, timed_text, json };
  // Writes a whole line, which includes the line feed. Several threads call it at once. Returns
  // false if the line could not be written; the line is then lost.
  using Write = std::function<bool(const std::string& line)>;

  // A line of text is "rolecall: <event>, name=value, …". A warning has "warning: " before the
  // event. With timed_text, the line begins with the time. A line of JSON is an object with "time",
  // "level", "event" and the fields. Empty fields are left out. If a line would be longer than
  // PIPE_BUF bytes, long values are cut ("…"). If `infos` is false, only warnings are logged.
  Log(Format format, Write write, bool infos = true);

  // Both return false if the line was lost.
  bool info(std::string_view event, const Fields& fields) const {
    return write_event_("info", event, fields);
  }
  bool warning(std::string_view event, const Fields& fields) const {
    return write_event_("warning", event, fields);
  }

 private:
  WriteEvent write_event_;
};

}  // namespace rolecall::serve
