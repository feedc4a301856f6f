// Profiles of ~/.aws/config: where one stands, and what comes before its credential_process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws_files/ini_edit.h"
#include "base/locked_file.h"

namespace rolecall::aws {

inline constexpr FileRole config_file_role = {"AWS config file", "AWS_CONFIG_FILE"};

// Throws Error (usage) for a name that not every SDK finds in a config file: it may hold letters,
// digits and _ . / % @ : + -, and does not begin with - (AWS SDKs and Tools Reference Guide,
// "Shared config and credentials files").
void check_config_profile_name(std::string_view profile);

// The name of the profile's section in the text of a config file: as it stands there ("profile
// NAME" with the name in quotes or not, "default" for default), else as it is to be written. Throws
// Error (usage) where several sections are this profile's; `what` is the file in messages.
std::string config_section(std::string_view what, std::string_view file, std::string_view profile);

// The value of a key (in lower case) in the section [`section`], without the lines that continue
// it; empty if there is none. Of several the last counts.
std::string setting(std::string_view file, std::string_view section, std::string_view key);

// The removal of every key that makes static credentials; for either file.
std::vector<IniChange> without_static_keys();

// The static keys in the section [`section`], or nothing.
std::vector<std::string> static_keys(std::string_view file, std::string_view section);

struct ProfileFiles {
  std::string_view profile;
  std::string config_path;
  std::string_view config;  // texts
  std::string credentials_path;
  std::string_view credentials;
};

// A sentence for each setting of the two files that the AWS CLI or an SDK takes before the
// credential_process of the profile in the config file (aws_files/precedence.h).
std::vector<std::string> settings_that_precede(const ProfileFiles& files);

// Each setting of the two files, at most one a file, by which the profile has credentials of its
// own or acts in another role: what it is and where.
std::vector<std::string> credential_settings(const ProfileFiles& files);

}  // namespace rolecall::aws
