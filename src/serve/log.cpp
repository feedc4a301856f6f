#include "serve/log.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/time.h"

namespace rolecall::serve {

bool Log::line(std::string_view level, std::string_view event,
               std::initializer_list<Field> fields) const {
  const std::string time = format_ == Format::text ? "" : rfc3339(wall_clock());
  if (format_ == Format::json) {
    json object = {{"time", time}, {"level", level}, {"event", event}};
    for (const Field& field : fields) {
      if (!field.value.empty()) object[std::string(field.name)] = field.value;
    }
    return write_(to_log_text(object) + "\n");
  }
  std::string text = time + (time.empty() ? "" : " ") + "rolecall: ";
  if (level == "warning") text += "warning: ";
  text += event;
  for (const Field& field : fields) {
    if (!field.value.empty()) text += ", " + std::string(field.name) + "=" + field.value;
  }
  return write_(terminal_safe(text) + "\n");
}

}  // namespace rolecall::serve
