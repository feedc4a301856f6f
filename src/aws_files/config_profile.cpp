#include "aws_files/config_profile.h"

#include <algorithm>
#include <array>

#include "aws_files/credentials_file.h"
#include "aws_files/ini_lines.h"
#include "aws_files/precedence.h"
#include "base/codec.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

// aws_security_token is an older name of aws_session_token.
constexpr std::array<std::string_view, 4> static_key_names = {
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"};

// Returns the name of the profile in a section's header; empty if the section is not a profile's.
// The AWS CLI splits the header as a shell does, so the name may be in quotes.
std::string_view profile_in_header(std::string_view header) {
  constexpr std::string_view prefix = "profile";
  if (header == "default") return header;
  if (!header.starts_with(prefix)) return {};
  std::string_view name = header.substr(prefix.size());
  if (name.empty() || (name[0] != ' ' && name[0] != '\t')) return {};
  name = trim(name);
  const bool quoted =
      name.size() > 2 && (name[0] == '"' || name[0] == '\'') && name.back() == name[0];
  return quoted ? name.substr(1, name.size() - 2) : name;
}

// Returns "KEY of [SECTION] in FILE, line N" for a key in the section that `source` names; empty if
// there is none.
std::string location_of(const CredentialSetting& source, const IniSection& section,
                        const std::string& file) {
  for (const auto& [key, line] : section.lines) {
    if (!is_named(key, source.key)) continue;
    return cat(key, " of [", section.name, "] in ", file, ", line ", line);
  }
  return {};
}

// Calls `visit` with each section of the profile, the name of its file, and the member of
// CredentialSetting for that file. [DEFAULT] is also such a section, because the AWS CLI reads its
// settings as part of every other section, as Python's configparser does.
template <class Visit>
void for_each_section(const ProfileFiles& files, Visit visit) {
  const auto visit_file = [&](std::string_view text, const std::string& file,
                              std::string_view CredentialSetting::*member, auto is_of_profile) {
    const std::vector<IniSection> sections = ini_sections(text);
    bool found = false;
    for (const IniSection& section : sections) {
      if (!is_of_profile(section.name)) continue;
      found = true;
      visit(section, file, member);
    }
    for (const IniSection& section : sections) {
      if (found && section.name == "DEFAULT") visit(section, file, member);
    }
  };
  visit_file(files.credentials, "credentials file " + files.credentials_path,
             &CredentialSetting::in_credentials_file,
             [&](const std::string& name) { return name == files.profile; });
  visit_file(files.config, "AWS config file " + files.config_path,
             &CredentialSetting::in_config_file,
             [&](const std::string& name) { return profile_in_header(name) == files.profile; });
}

}  // namespace

void check_config_profile_name(std::string_view profile) {
  check_profile_name(profile);
  if (profile.front() == '-') {
    throw Error(
        ErrorKind::usage, cat("profile name \"", profile, "\" begins like a flag"),
        "aws --profile does not accept such a name: begin the name with a letter or a digit");
  }
  if (!only(profile, letters_and_digits, "_./%@:+-")) {
    throw Error(
        ErrorKind::usage,
        cat("profile name \"", profile, "\" contains a character that not every SDK accepts"),
        "use letters, digits and _ . / % @ : + -");
  }
}

std::string config_section(std::string_view what, std::string_view file, std::string_view profile) {
  const IniSection* found = nullptr;
  const std::vector<IniSection> sections = ini_sections(file);
  for (const IniSection& section : sections) {
    if (profile_in_header(section.name) != profile) continue;
    if (found != nullptr) {
      throw Error(
          ErrorKind::usage,
          cat(what, " has profile ", profile, " twice, in line ", found->line, " and in line ",
              section.line),
          "the AWS CLI and the SDKs use different ones of these sections: merge the sections");
    }
    found = &section;
  }
  if (found != nullptr) return found->name;
  return cat(profile == "default" ? "" : "profile ", profile);
}

std::string setting_value(std::string_view file, std::string_view section, std::string_view key) {
  std::string value;
  bool inside = false;
  for (const IniLine& line : ini_lines(file)) {
    if (line.kind == IniLine::Kind::header) inside = line.name == section;
    if (!inside || line.kind != IniLine::Kind::option || line.name != key) continue;
    value = trim(file.substr(line.value, line.end - line.value));
  }
  return value;
}

std::vector<IniChange> without_static_keys() {
  std::vector<IniChange> changes;
  changes.reserve(static_key_names.size());
  for (const std::string_view key : static_key_names)
    changes.push_back({key, std::nullopt});
  return changes;
}

std::vector<std::string> static_keys(std::string_view file, std::string_view section) {
  std::vector<std::string> found;
  for (const IniSection& candidate : ini_sections(file)) {
    if (candidate.name != section) continue;
    for (const std::string_view key : static_key_names) {
      if (candidate.lines.contains(std::string(key))) found.emplace_back(key);
    }
    break;
  }
  return found;
}

std::vector<std::string> settings_that_precede(const ProfileFiles& files) {
  std::vector<std::string> sentences;
  for_each_section(files, [&sentences](const IniSection& section, const std::string& file,
                                       std::string_view CredentialSetting::*consequence) {
    for (const CredentialSetting& source : credential_settings_of_profiles()) {
      const std::string found = location_of(source, section, file);
      if (found.empty() || (source.*consequence).empty()) continue;
      // --remove-static-keys removes nothing from [DEFAULT], which is for all profiles.
      const bool for_all = section.name == "DEFAULT" && source.key == "aws_access_key_id";
      sentences.push_back(cat(found, ", ", for_all ? takes_precedence : source.*consequence));
    }
  });
  return sentences;
}

std::vector<std::string> credential_settings(const ProfileFiles& files) {
  std::vector<std::string> locations;
  for_each_section(files, [&locations](const IniSection& section, const std::string& file, auto) {
    for (const CredentialSetting& source : credential_settings_of_profiles()) {
      std::string found = location_of(source, section, file);
      if (found.empty()) continue;
      locations.push_back(std::move(found));
      return;
    }
  });
  return locations;
}

}  // namespace rolecall::aws
