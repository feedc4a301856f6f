#include "commands/aws_files.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "base/text.h"
#include "options/environment.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

// If HOME is not set, rolecall does not write into the home directory.
std::string home_for(const char* variable, FileUse use) {
  const bool is_written = use == FileUse::writing;
  std::string home = is_written ? environment("HOME") : home_directory();
  if (!home.empty()) return home;
  throw Error(ErrorKind::usage, "HOME is not set, so rolecall cannot find ~/.aws",
              cat("set HOME, or set ", variable, " to the path of the file"));
}

std::string aws_file_path(const char* variable, const char* default_path, FileUse use) {
  std::string path = environment(variable);
  if (path.empty()) path = default_path;
  if (path.starts_with("~/")) return home_for(variable, use) + path.substr(1);
  std::error_code error;  // the working directory may have been removed
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

}  // namespace

std::string aws_config_path(FileUse use) {
  return aws_file_path("AWS_CONFIG_FILE", "~/.aws/config", use);
}

std::string aws_credentials_path(FileUse use) {
  return aws_file_path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", use);
}

bool is_null_device(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

}  // namespace rolecall::cli
