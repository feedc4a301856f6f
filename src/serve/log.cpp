#include "serve/log.h"

#include <limits.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::serve {

namespace {

// A pipe that is ready takes this much at once. A longer line could block, or be written in parts.
constexpr std::size_t longest_line = PIPE_BUF;

// The first bytes of the text, at most `most`, without a part of a character at the end.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  return cat(text.substr(0, most), "…");
}

// Cuts the event and each value to at most `most` bytes.
std::string text_of(Log::Format format, const std::string& time, std::string_view level,
                    std::string_view event, const Fields& fields, std::size_t most) {
  if (format == Log::Format::json) {
    json object = {{"time", time}, {"level", level}, {"event", cut(event, most)}};
    for (const Field& field : fields) {
      if (!field.value.empty()) object[std::string(field.name)] = cut(field.value, most);
    }
    return to_log_text(object) + "\n";
  }
  std::string text = time + (time.empty() ? "" : " ") + "rolecall: ";
  if (level == "warning") text += "warning: ";
  text += cut(event, most);
  for (const Field& field : fields) {
    if (!field.value.empty()) text += cat(", ", field.name, "=", cut(field.value, most));
  }
  return terminal_safe(text) + "\n";
}

std::string line_of(Log::Format format, std::string_view level, std::string_view event,
                    const Fields& fields) {
  const std::string time = format == Log::Format::text ? "" : rfc3339(wall_clock());
  // The length of a line is known only after its values are escaped. Some 20 fields of 16 bytes
  // always fit.
  std::size_t most = longest_line;
  std::string line = text_of(format, time, level, event, fields, most);
  for (; line.size() > longest_line && most > 16; most /= 2)
    line = text_of(format, time, level, event, fields, most / 2);
  return line;
}

}  // namespace

Log::Log(Format format, Write write, bool infos)
    : say_([format, write = std::move(write), infos](std::string_view level, std::string_view event,
                                                     const Fields& fields) {
        if (level == "info" && !infos) return true;
        return write(line_of(format, level, event, fields));
      }) {}

}  // namespace rolecall::serve
