// rolecall doctor: profiles of ~/.aws/config, and what takes precedence over them.
#include <algorithm>
#include <set>
#include <string_view>

#include "aws_files/config_profile.h"
#include "aws_files/credentials_file.h"
#include "base/shell_word.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "commands/aws_files.h"
#include "commands/doctor.h"
#include "commands/existing_line.h"
#include "commands/profile_precedence.h"
#include "terminal/similar.h"

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

std::vector<std::string> profiles_with_line_in(std::string_view config) {
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

// "AWS_PROFILE" of "AWS_PROFILE in the environment is …", and "role_arn of [x] in config file F,
// line 3" of such a sentence.
std::string subject_of(const std::string& sentence) {
  constexpr std::string_view line = ", line ";
  const std::size_t at = sentence.find(line);
  if (at == std::string::npos) return sentence.substr(0, sentence.find(' '));
  return sentence.substr(0, sentence.find(',', at + line.size()));
}

// The remedy is the last part of the sentence. As a hint, it must name what it is about.
void warn_about(doctor::Findings& findings, const std::string& sentence,
                const std::string& profile) {
  const std::size_t end = sentence.rfind("; ");
  if (end == std::string::npos) return findings.warn(sentence, {});
  std::string remedy = sentence.substr(end + 2);
  if (remedy.find("remove-static-keys") != std::string::npos) {
    remedy = cat("run rolecall configure --profile ", shell_word(profile),
                 " --remove-static-keys, which removes the key from AWS's files");
  }
  for (const char* verb : {"remove", "unset"}) {
    if (remedy.starts_with(cat(verb, " it")))
      remedy.replace(0, std::string_view(verb).size() + 3, cat(verb, " ", subject_of(sentence)));
  }
  findings.warn(sentence.substr(0, end), remedy);
}

}  // namespace

ProfileLine read_profile_line(const std::string& profile) {
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
    std::vector<std::string> profiles;
    profiles.reserve(sections.size());
    for (const aws::IniSection& one : sections)
      profiles.push_back(profile_of_section(one.name));
    const std::string hint = similar(profile, profiles);
    throw UnknownName(
        ErrorKind::usage, "there is no " + location,
        hint.empty() ? "rolecall configure --profile " + profile + " makes the profile" : hint);
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

std::vector<std::string> profiles_with_line() {
  try {
    return profiles_with_line_in(read_aws_files().config.view());
  } catch (const Error&) {
    return {};
  }
}

doctor::Check check_precedence(const Examination& examination) {
  doctor::Findings findings;
  try {
    const AwsFiles files = read_aws_files();
    const std::vector<std::string> profiles = examination.profile
                                                  ? std::vector<std::string>{*examination.profile}
                                                  : profiles_with_line_in(files.config.view());
    std::set<std::string> sentences;
    for (const std::string& profile : profiles) {
      for (std::string& sentence :
           aws::settings_that_precede({profile, files.config_path, files.config.view(),
                                       files.credentials_path, files.credentials.view()})) {
        if (sentences.insert(sentence).second) warn_about(findings, sentence, profile);
      }
    }
    for (std::string& sentence : variables_with_precedence(examination.profile.value_or("")))
      if (sentences.insert(sentence).second) warn_about(findings, sentence, {});
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
