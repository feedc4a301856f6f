// The credentials that programs would use instead of those of an endpoint, because SDKs ask an
// endpoint last.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "aws_files/config_profile.h"
#include "aws_files/credentials_file.h"
#include "aws_files/ini_edit.h"
#include "base/text.h"
#include "commands/aws_files.h"
#include "commands/child_environment.h"
#include "options/environment.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

[[noreturn]] void refuse_unreadable(const FileRole& role, const std::string& path,
                                    const std::string& why) {
  throw Error(ErrorKind::usage,
              cat("whether ", role.what, " ", path,
                  " has credentials that take precedence over the endpoint is not known: ", why),
              cat("make it a readable file; or, if no program needs it, set ", role.variable,
                  " to /dev/null. With --allow-default-profile, the command runs anyway"));
}

// If a file does not exist, or this user may not read it, other programs do not use it either.
bool counts_as_missing(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES;
}

// Whether programs understand the path differently: the AWS CLI and boto3 replace variables and
// ~USER in it, other SDKs do not.
bool programs_disagree_on_path(std::string_view path) {
  return path.find('$') != std::string_view::npos ||
         (path.starts_with('~') && !path.starts_with("~/"));
}

// Opens only regular files: a pipe, for example, can be read only once and by one program.
Secret text_if_used(const FileRole& role, const std::string& path) {
  if (programs_disagree_on_path(environment(role.variable)))
    refuse_unreadable(role, path, "programs replace ~ and $ in this path in different ways");
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (counts_as_missing(errno)) return {};
    refuse_unreadable(role, path, std::strerror(errno));
  }
  if (is_null_device(path)) return {};
  if (!S_ISREG(info.st_mode)) refuse_unreadable(role, path, "it is not a regular file");
  if (faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0 && counts_as_missing(errno))
    return {};
  try {
    return read_text_file(role, path);
  } catch (const Error& error) {
    refuse_unreadable(role, path, error.what());
  }
}

// Empty if there is no home directory, because then there is no such file.
std::optional<std::string> path_if_known(std::string (*find)(FileUse)) {
  try {
    return find(FileUse::reading);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<std::string> in_default_profile() {
  const std::optional<std::string> config = path_if_known(aws_config_path);
  const std::optional<std::string> credentials = path_if_known(aws_credentials_path);
  const Secret config_text = config ? text_if_used(aws::config_file_role, *config) : Secret();
  const Secret credentials_text =
      credentials ? text_if_used(aws::credentials_file_role, *credentials) : Secret();
  return aws::credential_settings({"default", config.value_or(""), config_text.view(),
                                   credentials.value_or(""), credentials_text.view()});
}

// The AWS CLI and boto3 also read the files of boto, their predecessor.
std::vector<std::string> boto_paths() {
  const std::string named = environment("BOTO_CONFIG");
  const std::string home = home_directory();
  if (named.starts_with("~/") && !home.empty()) return {home + named.substr(1)};
  if (!named.empty()) return {named};
  std::vector<std::string> paths = {"/etc/boto.cfg"};
  if (!home.empty()) paths.push_back(home + "/.boto");
  return paths;
}

// A setting in [DEFAULT] is part of every other section, so it counts if there is a section
// [Credentials].
std::vector<std::string> in_boto_files() {
  constexpr FileRole role = {"boto file", "BOTO_CONFIG"};
  std::vector<std::string> found;
  for (const std::string& path : boto_paths()) {
    const Secret text = text_if_used(role, path);
    bool has_section = false;
    const std::vector<aws::IniSection> sections = aws::ini_sections(text.view());
    for (const aws::IniSection& section : sections)
      has_section = has_section || section.name == "Credentials";
    for (const aws::IniSection& section : sections) {
      const auto key = section.lines.find("aws_access_key_id");
      const bool counts = section.name == "Credentials" || section.name == "DEFAULT";
      if (!has_section || !counts || key == section.lines.end()) continue;
      found.push_back(cat("aws_access_key_id of [", section.name, "] in boto file ", path,
                          ", line ", key->second));
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> other_credentials_in_files() {
  std::vector<std::string> found = in_default_profile();
  for (std::string& location : in_boto_files())
    found.push_back(std::move(location));
  return found;
}

std::vector<Variable> credentials_file_variables() {
  std::vector<Variable> variables;
  if (const std::optional<std::string> path = path_if_known(aws_credentials_path))
    variables.push_back({"AWS_CREDENTIAL_PROFILES_FILE", Secret(*path)});
  const bool is_named = !environment("AWS_SHARED_CREDENTIALS_FILE").empty();
  if (is_named && environment("AWS_SDK_LOAD_CONFIG").empty())
    variables.push_back({"AWS_SDK_LOAD_CONFIG", Secret("1")});
  return variables;
}

}  // namespace rolecall::cli
