#include "cli/file_paths.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "cli/environment.h"
#include "identity/identity.h"

namespace rolecall::cli {
namespace {

namespace fs = std::filesystem;

std::string path_of(const std::string& value, const std::string& file) {
  if (value.starts_with('/') || !identity::names_file(value)) return value;
  if (value.starts_with("~/") && !home_directory().empty()) {
    return home_directory() + value.substr(1);
  }
  // Absolute also if the file's own name is not, so that no message has to say where it starts.
  std::error_code no_working_directory;
  const fs::path whole = fs::absolute(file, no_working_directory);
  return ((no_working_directory ? fs::path(file) : whole).parent_path() / value).string();
}

}  // namespace

std::string path_from_file(const CLI::Option& option, const std::string& value,
                           const std::string& file) {
  // A library's bare name is looked for as every program does.
  const bool is_library = option.check_lname("pkcs11-lib") && value.find('/') == std::string::npos;
  const std::string type = option.get_type_name();
  if ((type == "FILE" && !is_library) || type == "DIR") return path_of(value, file);
  for (const auto& [of_type, scheme] :
       {std::pair("SOURCE", std::string("file:")), std::pair("SELECTOR", std::string("file://"))}) {
    if (type == of_type && value.starts_with(scheme) && value.size() > scheme.size()) {
      return scheme + path_of(value.substr(scheme.size()), file);
    }
  }
  return value;
}

const char* remark_on_paths(const std::vector<std::string>& written) {
  const bool in_home = std::any_of(written.begin(), written.end(), [](const std::string& value) {
    return value.find("~/") != std::string::npos;
  });
  return in_home ? "" : " (relative paths there start at the file's folder)";
}

}  // namespace rolecall::cli
