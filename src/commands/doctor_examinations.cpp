// rolecall doctor: which bindings or profiles to check, and the settings of each.
#include <algorithm>
#include <array>

#include "aws_files/config_profile.h"
#include "base/text.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "commands/doctor.h"
#include "options/command_line.h"
#include "options/hidden_secrets.h"

namespace rolecall::cli {
namespace {

// The options of the profile's line, which those of our own command line replace.
CommandLine with_options_of_profile(const ProfileLine& profile, const CommandLine& own) {
  CommandLine line;
  try {
    line =
        read_command_line(credential_process_command, {profile.flags.begin(), profile.flags.end()});
  } catch (const Error& error) {
    throw Error(error.kind(), cat("credential_process of ", profile.location, ": ", error.what()),
                error.hint());
  }
  for (const CommandLine::OptionValues& given : own.options) {
    std::erase_if(line.options, [&given](const CommandLine::OptionValues& one) {
      return one.option->name == given.option->name;
    });
    line.options.push_back(given);
  }
  return line;
}

// Whether the command line itself says what to check, so that bindings are not meant.
bool names_identity(const CommandLine& line) {
  static constexpr std::array names = {"certificate", "cert-selector", "private-key",
                                       "role-arn",    "profile-arn",   "trust-anchor-arn"};
  return std::any_of(names.begin(), names.end(),
                     [&line](const char* name) { return line.find(name) != nullptr; });
}

}  // namespace

std::deque<Examination> examinations_of(const Settings& own, const CommandLine& given,
                                        CommandLine& line) {
  std::deque<Examination> found;
  Examination first;
  first.now = wall_clock();
  first.given = &given;
  line = given;
  std::optional<Settings> settings;
  if (own.has("profile")) aws::check_config_profile_name(own.text("profile"));
  try {
    if (own.has("profile")) {
      first.profile = own.text("profile");
      first.line = read_profile_line(*first.profile);
      line = with_options_of_profile(*first.line, given);
    }
    settings.emplace(read_settings(credential_process_command, line, all_commands()));
  } catch (const Error& error) {
    // A binding that only the line of the profile names is a finding.
    const bool is_ours = !first.line || given.find("binding") != nullptr;
    if (is_ours && dynamic_cast<const UnknownName*>(&error) != nullptr) throw;
    first.settings_error = error;
    found.push_back(std::move(first));
    return found;
  }
  const std::vector<std::string>& chosen = settings->chosen_bindings();
  const std::vector<std::string>& all = settings->file().bindings;
  if (!chosen.empty() || all.empty() || first.profile || names_identity(given)) {
    if (!chosen.empty()) first.binding = chosen.front();
    first.settings.emplace(std::move(*settings));
    found.push_back(std::move(first));
    return found;
  }
  hide_secrets(credential_process_command, all_commands(), line, settings->file(), all);
  for (const std::string& name : all) {
    Examination& one = found.emplace_back();
    one.now = first.now;
    one.given = &given;
    one.binding = name;
    try {
      one.settings.emplace(settings->of_binding(name));
    } catch (const Error& error) {
      one.settings_error = error;
    }
  }
  return found;
}

}  // namespace rolecall::cli
