#include "options/session_name.h"

#include <unistd.h>

#include "base/text.h"
#include "base/user.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr const char* placeholders =
    "%h is the name of this host, %u is the name of the user, and %% is a percent sign";

std::string value_of(char placeholder) {
  if (placeholder == '%') return "%";
  std::string name = placeholder == 'h' ? host_name() : name_of_user();
  if (!name.empty()) return name;
  const std::string hint = cat("write a name instead of %", placeholder);
  if (placeholder == 'h')
    throw Error(ErrorKind::usage, "`role-session-name` has %h, and this host has no name", hint);
  throw Error(
      ErrorKind::usage,
      cat("`role-session-name` has %u, and the user database has no name for user id ", geteuid()),
      hint);
}

}  // namespace

std::string expand_session_name(const std::string& text) {
  std::string expanded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      expanded += text[at];
      continue;
    }
    const std::string placeholder = text.substr(at, 2);
    ++at;
    if (placeholder != "%h" && placeholder != "%u" && placeholder != "%%") {
      throw Error(ErrorKind::usage,
                  "`role-session-name` has \"" + placeholder + "\", which has no meaning",
                  placeholders);
    }
    expanded += value_of(placeholder[1]);
  }
  return expanded;
}

}  // namespace rolecall::cli
