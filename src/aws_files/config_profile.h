// Profiles in ~/.aws/config: where a profile is, and which settings take precedence over its
// credential_process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws_files/ini_edit.h"
#include "base/locked_file.h"

namespace rolecall::aws {

inline constexpr FileRole config_file_role = {"AWS config file", "AWS_CONFIG_FILE"};

// Throws Error (usage) for a name that not every SDK finds in a config file. A name may contain
// letters, digits and _ . / % @ : + -, and must not begin with - (AWS SDKs and Tools Reference
// Guide, "Shared config and credentials files").
void check_config_profile_name(std::string_view profile);

// Returns the name of the profile's section in the text of a config file. If the section is there,
// this is its name as written: "profile NAME", where NAME may be in quotes, or "default".
// Otherwise, it is the name to write. `what` is the file's name for messages. Throws Error (usage)
// if the profile has several sections.
std::string config_section(std::string_view what, std::string_view file, std::string_view profile);

// Returns the value of a key (in lower case) in the section [`section`], without the lines that
// continue the value; empty if the key is not there. If the key is there several times, the last
// one counts.
std::string setting_value(std::string_view file, std::string_view section, std::string_view key);

// Returns the changes that remove every key of static credentials. They work for both files.
std::vector<IniChange> without_static_keys();

// Returns the static keys that the section [`section`] has.
std::vector<std::string> static_keys(std::string_view file, std::string_view section);

struct ProfileFiles {
  std::string_view profile;
  std::string config_path;
  std::string_view config;  // the text of the file
  std::string credentials_path;
  std::string_view credentials;
};

// Returns a sentence for each setting in the two files that takes precedence, in the AWS CLI or an
// SDK, over the credential_process of the profile in the config file (see aws_files/precedence.h).
std::vector<std::string> settings_that_precede(const ProfileFiles& files);

// Returns the settings in the two files, at most one for each section, that give the profile other
// credentials or another role: the key, the section, the file and the line.
std::vector<std::string> credential_settings(const ProfileFiles& files);

}  // namespace rolecall::aws
