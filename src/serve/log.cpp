#include "serve/log.h"

#include <chrono>

#include "base/codec.h"
#include "base/json.h"
#include "base/time.h"

namespace rolecall::serve {

void Log::line(std::string_view level, std::string_view event,
               std::initializer_list<Field> fields) const {
  if (format_ == Format::json) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    json object = {{"time", rfc3339(now)}, {"level", level}, {"event", event}};
    for (const Field& field : fields) {
      if (!field.value.empty()) object[std::string(field.name)] = field.value;
    }
    return write_(to_log_text(object) + "\n");
  }
  std::string text = "rolecall: ";
  if (level == "warning") text += "warning: ";
  text += event;
  for (const Field& field : fields) {
    if (!field.value.empty()) text += ", " + std::string(field.name) + "=" + field.value;
  }
  write_(terminal_safe(text) + "\n");
}

}  // namespace rolecall::serve
