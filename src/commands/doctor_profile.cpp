// rolecall doctor: profiles of ~/.aws/config, and what takes precedence over them.
#include <algorithm>
#include <set>
#include <string_view>

#include "aws_files/config_profile.h"
#include "aws_files/credentials_file.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "commands/aws_files.h"
#include "commands/doctor.h"
#include "commands/existing_line.h"
#include "commands/profile_precedence.h"

namespace rolecall::cli {
namespace {

constexpr const char* own_program = "rolecall";
constexpr std::string_view key = "credential_process";

// The name that the section of the config file has for commands; empty if it is no profile.
std::string profile_of_section(const std::string& section) {
  constexpr std::string_view word = "profile ";
  if (section == "default") return section;
  return section.starts_with(word) ? section.substr(word.size()) : std::string();
}

// The profiles whose credential_process runs rolecall or the official helper.
std::vector<std::string> profiles_with_line(std::string_view config) {
  std::vector<std::string> profiles;
  for (const aws::IniSection& section : aws::ini_sections(config)) {
    std::string profile = profile_of_section(section.name);
    if (profile.empty() || !section.lines.contains(std::string(key))) continue;
    const std::string line = aws::setting_value(config, section.name, key);
    if (line.find(own_program) != std::string::npos ||
        line.find(official_helper) != std::string::npos)
      profiles.push_back(std::move(profile));
  }
  return profiles;
}

struct AwsFiles {
  std::string config_path;
  Secret config;
  std::string credentials_path;
  Secret credentials;
};

AwsFiles read_aws_files() {
  AwsFiles files;
  files.config_path = aws_config_path();
  files.credentials_path = aws_credentials_path();
  if (!is_null_device(files.config_path))
    files.config = read_text_file(aws::config_file_role, files.config_path);
  if (!is_null_device(files.credentials_path))
    files.credentials = read_text_file(aws::credentials_file_role, files.credentials_path);
  return files;
}

}  // namespace

ProfileLine read_profile_line(const std::string& profile) {
  aws::check_config_profile_name(profile);
  const std::string path = aws_config_path();
  // The flags can name a command to run.
  const Secret text = read_text_file(aws::config_file_role, path, FileTrust::needed);
  const std::string file = "AWS config file " + path;
  const std::string section = aws::config_section(file, text.view(), profile);
  const std::string line = aws::setting_value(text.view(), section, key);
  const std::string location = "[" + section + "] in " + file;
  const auto sections = aws::ini_sections(text.view());
  if (std::none_of(sections.begin(), sections.end(),
                   [&section](const aws::IniSection& one) { return one.name == section; })) {
    throw Error(ErrorKind::usage, "there is no " + location,
                "rolecall configure --profile " + profile + " makes the profile");
  }
  if (line.empty()) {
    throw Error(ErrorKind::usage, location + " has no credential_process",
                "rolecall configure --profile " + profile + " adds it");
  }
  std::vector<std::string> words;
  try {
    words = split_command(line);
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, cat(key, " of ", location, ": ", error.what()), error.hint());
  }
  auto flags = flags_of_line(line, own_program);
  if (!flags) flags = flags_of_line(line);
  if (!flags) {
    throw Error(ErrorKind::usage,
                cat(key, " of ", location, " runs ", words.front(),
                    ", not rolecall credential-process or ", official_helper),
                "rolecall configure --profile " + profile + " replaces the line");
  }
  return {profile, location, words.front(), std::move(*flags)};
}

doctor::Check check_precedence(const Examination& examination) {
  doctor::Findings findings;
  try {
    const AwsFiles files = read_aws_files();
    const std::vector<std::string> profiles = examination.profile
                                                  ? std::vector<std::string>{*examination.profile}
                                                  : profiles_with_line(files.config.view());
    std::set<std::string> sentences;
    for (const std::string& profile : profiles) {
      for (std::string& sentence :
           aws::settings_that_precede({profile, files.config_path, files.config.view(),
                                       files.credentials_path, files.credentials.view()})) {
        if (sentences.insert(sentence).second) findings.warn_with_remedy(sentence);
      }
    }
    for (std::string& sentence : variables_with_precedence(examination.profile.value_or("")))
      if (sentences.insert(sentence).second) findings.warn_with_remedy(sentence);
    if (profiles.empty()) {
      findings.fact("no profile in " + files.config_path + " uses rolecall");
    } else if (sentences.empty()) {
      findings.fact(cat("nothing takes precedence over the ",
                        profiles.size() == 1 ? "profile " : "profiles ",
                        list_text(profiles, "and")));
    }
  } catch (const Error& error) {
    findings.warn(error.what(), error.hint());
  }
  return findings.check("precedence");
}

}  // namespace rolecall::cli
