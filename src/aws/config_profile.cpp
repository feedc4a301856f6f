#include "aws/config_profile.h"

#include <algorithm>
#include <array>

#include "aws/credentials_file.h"
#include "base/codec.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

// The last one is an older name of the one before.
constexpr std::array<std::string_view, 4> key_names = {"aws_access_key_id", "aws_secret_access_key",
                                                       "aws_session_token", "aws_security_token"};

// Empty for a section that is no profile's. The AWS CLI splits the header as a shell would.
std::string_view profile_of(std::string_view header) {
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

// What one file has to say.
class Rivals {
 public:
  Rivals(const IniSection& section, std::string file, std::vector<std::string>& sentences)
      : section_(section), file_(std::move(file)), sentences_(sentences) {}

  void add(std::string_view key, const std::string& consequence) {
    const auto line = section_.lines.find(std::string(key));
    if (line == section_.lines.end()) return;
    sentences_.push_back(line->first + " of [" + section_.name + "] in " + file_ + ", line " +
                         std::to_string(line->second) + ", " + consequence);
  }

  // Either file may hold them: the AWS CLI reads both as one.
  void add_other_sources() {
    add("role_arn",
        "wins over credential_process: that role is assumed instead; take it out, or make it a "
        "profile of its own with source_profile");
    add("web_identity_token_file", "wins over credential_process; take it out");
    for (const auto& [key, line] : section_.lines) {
      if (!key.starts_with("sso_")) continue;
      add(key,
          "makes it a profile of IAM Identity Center, which wins over credential_process; "
          "take all of sso_* out");
      break;
    }
  }

 private:
  const IniSection& section_;
  std::string file_;
  std::vector<std::string>& sentences_;
};

}  // namespace

void check_config_profile_name(std::string_view profile) {
  check_profile_name(profile);
  const bool fits = std::all_of(profile.begin(), profile.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./%@:+-").find(c) != std::string_view::npos;
  });
  if (!fits) {
    throw Error(
        ErrorKind::usage,
        "profile name \"" + std::string(profile) + "\" has a character that not every SDK takes",
        "it takes letters, digits and _ . / % @ : + -");
  }
}

std::string config_section(std::string_view what, std::string_view file, std::string_view profile) {
  const IniSection* found = nullptr;
  const std::vector<IniSection> sections = ini_sections(file);
  for (const IniSection& section : sections) {
    if (profile_of(section.name) != profile) continue;
    if (found != nullptr) {
      throw Error(ErrorKind::usage,
                  std::string(what) + " has profile " + std::string(profile) + " twice, in line " +
                      std::to_string(found->line) + " and in line " + std::to_string(section.line),
                  "the AWS CLI and the SDKs do not agree on which counts: make one of them");
    }
    found = &section;
  }
  if (found != nullptr) return found->name;
  return (profile == "default" ? "" : "profile ") + std::string(profile);
}

std::vector<IniChange> without_static_keys() {
  std::vector<IniChange> changes;
  changes.reserve(key_names.size());
  for (const std::string_view key : key_names)
    changes.push_back({key, std::nullopt});
  return changes;
}

std::vector<std::string> static_keys(std::string_view file, std::string_view section) {
  std::vector<std::string> found;
  for (const IniSection& each : ini_sections(file)) {
    if (each.name != section) continue;
    for (const std::string_view key : key_names) {
      if (each.lines.contains(std::string(key))) found.emplace_back(key);
    }
    break;
  }
  return found;
}

std::vector<std::string> settings_that_win(const ProfileFiles& files) {
  std::vector<std::string> sentences;
  for (const IniSection& section : ini_sections(files.credentials)) {
    if (section.name != files.profile) continue;
    Rivals rivals(section, "credentials file " + files.credentials_path, sentences);
    rivals.add("aws_access_key_id",
               "wins over credential_process; --remove-static-keys takes it out");
    rivals.add("credential_process", "wins over that of the config file; take it out");
    rivals.add_other_sources();
  }
  for (const IniSection& section : ini_sections(files.config)) {
    if (profile_of(section.name) != files.profile) continue;
    Rivals rivals(section, "AWS config file " + files.config_path, sentences);
    rivals.add("aws_access_key_id",
               "wins over credential_process in programs of the SDKs for Go and JavaScript, such "
               "as Terraform, "
               "though not in the AWS CLI; --remove-static-keys takes it out");
    rivals.add_other_sources();
  }
  return sentences;
}

std::vector<std::string> credential_settings(const ProfileFiles& files) {
  std::vector<std::string> found;
  const auto look = [&found](const IniSection& section, const std::string& file) {
    for (const auto& [key, line] : section.lines) {
      const bool has_credentials = key == "aws_access_key_id" || key == "credential_process" ||
                                   key == "source_profile" || key == "web_identity_token_file" ||
                                   key.starts_with("sso_");
      if (!has_credentials) continue;
      found.push_back(key + " of [" + section.name + "] in " + file + ", line " +
                      std::to_string(line) + ",");
      return;
    }
  };
  for (const IniSection& section : ini_sections(files.credentials)) {
    if (section.name == files.profile) look(section, "credentials file " + files.credentials_path);
  }
  for (const IniSection& section : ini_sections(files.config)) {
    if (profile_of(section.name) == files.profile)
      look(section, "AWS config file " + files.config_path);
  }
  return found;
}

}  // namespace rolecall::aws
