#include "serve/log.h"

#include <limits.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {

namespace {

// A pipe that is ready accepts a line of this length as a whole. A write of a longer line could
// block, or could write only a part.
constexpr std::size_t max_line_bytes = PIPE_BUF;

// Returns at most the first `max_bytes` bytes of the text, and no part of a character at the end.
std::string shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0) == 0x80)
    --max_bytes;
  return cat(text.substr(0, max_bytes), "…");
}

// Shortens the event and each value to at most `max_bytes` bytes.
std::string text_of(Log::Format format, const std::string& time, std::string_view level,
                    std::string_view event, const Fields& fields, std::size_t max_bytes) {
  if (format == Log::Format::json) {
    json object = {{"time", time}, {"level", level}, {"event", shortened(event, max_bytes)}};
    for (const Field& field : fields) {
      if (!field.value.empty()) object[std::string(field.name)] = shortened(field.value, max_bytes);
    }
    return to_log_text(object) + "\n";
  }
  std::string text = time + (time.empty() ? "" : " ") + "rolecall: ";
  if (level == "warning") text += "warning: ";
  text += shortened(event, max_bytes);
  for (const Field& field : fields) {
    if (!field.value.empty()) text += cat(", ", field.name, "=", shortened(field.value, max_bytes));
  }
  return terminal_safe(text) + "\n";
}

std::string line_of(Log::Format format, std::string_view level, std::string_view event,
                    const Fields& fields) {
  const std::string time = format == Log::Format::text ? "" : rfc3339(wall_clock());
  // The length of a line is known only after its values are escaped. Some 20 fields of 16 bytes
  // always fit.
  std::size_t max_bytes = max_line_bytes;
  std::string line = text_of(format, time, level, event, fields, max_bytes);
  for (; line.size() > max_line_bytes && max_bytes > 16; max_bytes /= 2)
    line = text_of(format, time, level, event, fields, max_bytes / 2);
  return line;
}

}  // namespace

Log::Log(Format format, Write write, bool infos)
    : write_event_([format, write = std::move(write), infos](
                       std::string_view level, std::string_view event, const Fields& fields) {
        if (level == "info" && !infos) return true;
        return write(line_of(format, level, event, fields));
      }) {}

}  // namespace rolecall::serve
