// What programs would use instead of an endpoint that they are given: SDKs look for that last.
#include <utility>

#include "aws/config_profile.h"
#include "aws/credentials_file.h"
#include "aws/ini_edit.h"
#include "cli/aws_files.h"
#include "cli/child_environment.h"
#include "cli/environment.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

// A file that this user may not read is none to the command either.
Secret text_of(const FileRole& role, const std::string& path) {
  try {
    return read_text_file(role, path);
  } catch (const Error&) {
    return {};
  }
}

std::vector<std::string> in_default_profile() {
  try {
    const std::string config = aws_config_path();
    const std::string credentials = aws_credentials_path();
    const Secret config_text = text_of(aws::config_file_role, config);
    const Secret credentials_text = text_of(aws::credentials_file_role, credentials);
    return aws::credential_settings(
        {"default", config, config_text.view(), credentials, credentials_text.view()});
  } catch (const Error&) {
    return {};  // there is no home directory
  }
}

// The AWS CLI and boto3 read the files of their predecessor, too.
std::vector<std::string> in_boto_files() {
  constexpr FileRole role = {"boto file", "BOTO_CONFIG"};
  std::vector<std::string> paths = {environment("BOTO_CONFIG")};
  if (paths.front().empty()) paths = {"/etc/boto.cfg", environment("HOME") + "/.boto"};
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    const Secret text = text_of(role, path);
    for (const aws::IniSection& section : aws::ini_sections(text.view())) {
      const auto key = section.lines.find("aws_access_key_id");
      if (section.name != "Credentials" || key == section.lines.end()) continue;
      found.push_back("aws_access_key_id of [Credentials] in boto file " + path + ", line " +
                      std::to_string(key->second));
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> other_credentials_in_files() {
  std::vector<std::string> found = in_default_profile();
  for (std::string& place : in_boto_files())
    found.push_back(std::move(place));
  return found;
}

}  // namespace rolecall::cli
