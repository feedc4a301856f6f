#include "cli/aws_files.h"

#include <filesystem>

#include "base/user.h"
#include "cli/environment.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

std::string home_directory(const char* variable) {
  if (std::string home = environment("HOME"); !home.empty()) return home;
  if (std::string home = home_of_user(); !home.empty()) return home;
  throw Error(ErrorKind::usage, "there is no HOME, and this user has no home directory",
              std::string("name the file in ") + variable);
}

std::string path_of(const char* variable, const char* otherwise) {
  std::string path = environment(variable);
  if (path.empty()) path = otherwise;
  if (path.starts_with("~/")) return home_directory(variable) + path.substr(1);
  std::error_code error;  // the working directory may be gone
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

}  // namespace

std::string aws_config_path() {
  return path_of("AWS_CONFIG_FILE", "~/.aws/config");
}

std::string aws_credentials_path() {
  return path_of("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
}

}  // namespace rolecall::cli
