#include "options/file_paths.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "options/environment.h"
#include "options/password.h"
#include "rolecall/source.h"

namespace rolecall::cli {
namespace {

namespace fs = std::filesystem;

std::string relative_to_file(const std::string& value, const std::string& file) {
  if (value.starts_with('/') || Source::kind_of(value) != Source::Kind::file) return value;
  if (value.starts_with("~/") && !home_directory().empty()) {
    return home_directory() + value.substr(1);
  }
  // The result is absolute even if `file` is relative. Otherwise each message would have to say
  // which directory a path is relative to.
  std::error_code no_working_directory;
  const fs::path whole = fs::absolute(file, no_working_directory);
  return ((no_working_directory ? fs::path(file) : whole).parent_path() / value).string();
}

std::string selector_from_file(const std::string& value, const std::string& file) {
  constexpr std::string_view scheme = "file://";
  if (!value.starts_with(scheme) || value.size() == scheme.size()) return value;
  return cat(scheme, relative_to_file(value.substr(scheme.size()), file));
}

}  // namespace

std::string path_from_file(const Option& option, const std::string& value,
                           const std::string& file) {
  switch (option.kind) {
    case Kind::input:
    case Kind::path:
    case Kind::directory:
      return relative_to_file(value, file);
    case Kind::library:  // the system searches for a name without a slash
      return value.find('/') == std::string::npos ? value : relative_to_file(value, file);
    case Kind::source:
      if (const PasswordSpec spec = parse_password_spec(value);
          spec.kind == PasswordSpec::Kind::file)
        return "file:" + relative_to_file(std::string(spec.value), file);
      return value;
    case Kind::selector:
      return selector_from_file(value, file);
    default:
      return value;
  }
}

const char* note_on_relative_paths(const std::vector<std::string>& written) {
  const bool in_home = std::any_of(written.begin(), written.end(), [](const std::string& value) {
    return value.find("~/") != std::string::npos;
  });
  return in_home ? "" : " (relative paths in the file start at its directory)";
}

}  // namespace rolecall::cli
