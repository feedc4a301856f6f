#include "aws/credentials_file.h"

#include <algorithm>
#include <utility>

#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

// A line feed in a value would be a way to write other settings into the file.
void check_value(std::string_view value, std::string_view name) {
  const bool fits = !value.empty() && std::all_of(value.begin(), value.end(),
                                                  [](char c) { return c > ' ' && c < 127; });
  if (!fits) {
    throw Error(ErrorKind::failed,
                "the service sent a value for " + std::string(name) +
                    " that a credentials file cannot hold",
                "is the endpoint really IAM Roles Anywhere?");
  }
}

}  // namespace

void check_profile_name(std::string_view profile) {
  const auto fails = [&profile](const std::string& why) {
    throw Error(ErrorKind::usage, "profile name \"" + std::string(profile) + "\" " + why);
  };
  if (profile.empty()) throw Error(ErrorKind::usage, "the profile name is empty");
  for (const char c : profile) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      throw Error(ErrorKind::usage, "the profile name holds a control character");
    }
    if (c == '[' || c == ']') fails("holds a bracket, which ends a section's header");
  }
  if (profile.front() == ' ' || profile.back() == ' ') {
    fails("begins or ends with a space, which most SDKs leave out");
  }
  if (profile == "DEFAULT") {
    fails("is that of the values which the AWS CLI takes for every profile; write it as default");
  }
}

EditedFile set_profile_credentials(std::string_view file, std::string_view profile,
                                   const Credentials& credentials) {
  check_profile_name(profile);
  const std::vector<IniChange> changes = {
      {"aws_access_key_id", credentials.access_key_id},
      {"aws_secret_access_key", credentials.secret_access_key.view()},
      {"aws_session_token", credentials.session_token.view()}};
  for (const IniChange& change : changes)
    check_value(*change.value, change.key);
  EditedFile edited = edit_section("the credentials file", file, profile, changes);
  for (const IniSection& section : ini_sections(file)) {
    const auto older = section.lines.find("aws_security_token");
    if (section.name != profile || older == section.lines.end()) continue;
    edited.warnings.push_back("aws_security_token in line " + std::to_string(older->second) +
                              " is an older name of aws_session_token, which the AWS CLI prefers; "
                              "take it out");
  }
  return edited;
}

LockedCredentialsFile::LockedCredentialsFile(const std::string& path)
    : file_(credentials_file_role, path) {}

std::vector<std::string> LockedCredentialsFile::set(std::string_view profile,
                                                    const Credentials& credentials) const {
  const Secret old = file_.read();
  EditedFile edited = set_profile_credentials(old.view(), profile, credentials);
  file_.replace(edited.bytes.view());
  for (std::string& warning : edited.warnings)
    warning = "credentials file " + file_.target() + ": " + warning;
  return std::move(edited.warnings);
}

}  // namespace rolecall::aws
