#include "aws_files/credentials_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "aws_files/ini_lines.h"
#include "base/codec.h"
#include "base/file_trust.h"
#include "base/files.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/time.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

// A value with a line feed could add other settings to the file.
void check_value(std::string_view value, std::string_view name) {
  if (!is_visible(value)) {
    throw Error(
        ErrorKind::failed,
        cat("the service sent a value for ", name, " that a credentials file cannot contain"),
        "is the endpoint really IAM Roles Anywhere?");
  }
}

}  // namespace

void check_profile_name(std::string_view profile) {
  static constexpr const char* hint_for_name = "use letters, digits, hyphens and underscores";
  const auto fails = [&profile](const std::string& why) {
    throw Error(ErrorKind::usage, cat("profile name \"", profile, "\" ", why), hint_for_name);
  };
  if (profile.empty())
    throw Error(ErrorKind::usage, "the profile name is empty", "is a variable of the shell empty?");
  for (const char c : profile) {
    if (is_control(c)) {
      throw Error(ErrorKind::usage, "the profile name contains a control character", hint_for_name);
    }
    if (c == '[' || c == ']')
      fails("contains a bracket, which would end the header of the section");
  }
  if (profile.front() == ' ' || profile.back() == ' ') {
    fails("begins or ends with a space, which most SDKs remove");
  }
  if (profile.starts_with("profile ") || profile.starts_with("profile\t")) {
    const std::string name(trim(profile.substr(sizeof "profile")));
    throw Error(ErrorKind::usage,
                cat("profile name \"", profile,
                    "\" begins with \"profile\", which sections of a credentials file do not have"),
                "leave out that word: `profile` " + (name.empty() ? "NAME" : name));
  }
  if (profile == "DEFAULT") {
    fails("is the section of the AWS CLI's default values; the profile is called \"default\"");
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
    edited.warnings.push_back(
        cat("aws_security_token in line ", older->second,
            " is an older name of aws_session_token, and the AWS CLI prefers the older name; "
            "remove that line"));
  }
  return edited;
}

bool has_long_term_key(std::string_view file, std::string_view profile) {
  bool is_profile = false;
  bool has_id = false;
  bool has_secret = false;
  for (const IniLine& line : ini_lines(file)) {
    if (line.kind == IniLine::Kind::header) is_profile = line.name == profile;
    if (!is_profile || line.kind != IniLine::Kind::option) continue;
    const bool has_value = !trim(file.substr(line.value, line.next - line.value)).empty();
    if (line.name == "aws_access_key_id") has_id = has_value;
    if (line.name == "aws_secret_access_key") has_secret = has_value;
    if (line.name == "aws_session_token" || line.name == "aws_security_token") return false;
  }
  return has_id && has_secret;
}

LockedCredentialsFile::LockedCredentialsFile(const std::string& path, const Reporter& reporter)
    : file_(credentials_file_role, path, reporter) {}

std::vector<std::string> LockedCredentialsFile::set(std::string_view profile,
                                                    const Credentials& credentials) const {
  const std::string name = "credentials file " + file_.target();
  const Secret old = file_.read();
  EditedFile edited = set_profile_credentials(old.view(), profile, credentials);
  std::vector<std::string> warnings;
  std::string backup;
  if (has_long_term_key(old.view(), profile)) {
    backup = file_.back_up(wall_clock());
    warnings.push_back(
        cat("[", profile, "] in ", name, " contained a long-term key, which rolecall replaces; ",
            backup, " is a copy of the old file: delete the copy when you no longer need it"));
  }
  if (const mode_t mode = file_.mode(); (mode & (S_IROTH | S_IWGRP)) != 0) {
    warnings.push_back(name + " has mode " + mode_text(mode) + ": " +
                       ((mode & S_IROTH) != 0 ? "every user can read the file"
                                              : "its group can write to the file") +
                       "; use chmod 600 " + shell_word(file_.target()));
  }
  try {
    file_.replace(edited.bytes.view());
  } catch (const Error&) {
    // The next attempt will make a copy of its own.
    if (!backup.empty() && file_.read().view() == old.view()) file_.remove_copy(backup);
    throw;
  }
  for (const std::string& warning : edited.warnings)
    warnings.push_back(name + ": " + warning);
  return warnings;
}

}  // namespace rolecall::aws
