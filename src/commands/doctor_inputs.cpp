// rolecall doctor: where the values of options come from.
#include <unistd.h>

#include <map>
#include <set>
#include <string_view>

#include "aws_files/config_profile.h"
#include "base/codec.h"
#include "base/text.h"
#include "commands/all_commands.h"
#include "commands/doctor.h"
#include "options/known_names.h"

namespace rolecall::cli {
namespace {

using doctor::Findings;

constexpr std::string_view of_variable = "environment variable ";
constexpr std::string_view of_command_line = "command line";

// The line of the configuration file that sets the option for this binding; 0: none does.
int line_in_file(const Settings& settings, const std::string& binding, const std::string& option) {
  const std::map<std::string, std::vector<Setting>>& tables = settings.file().tables;
  for (const std::string& table : {binding.empty() ? std::string() : "binding." + binding,
                                   std::string(credential_process_command.name), std::string()}) {
    const auto found = tables.find(table);
    if (found == tables.end()) continue;
    for (const Setting& setting : found->second)
      if (setting.name == option) return setting.line;
  }
  return 0;
}

void check_variables(Findings& findings, const Examination& examination) {
  const Settings& settings = *examination.settings;
  for (const auto& [option, location] : settings.locations()) {
    if (!location.starts_with(of_variable)) continue;
    const int line = line_in_file(settings, examination.binding, option);
    if (line == 0) continue;
    const std::string variable = location.substr(of_variable.size());
    findings.warn(cat(location, " takes precedence over ", location_in(settings.file(), line)),
                  cat("unset ", variable, ", or remove that line"));
  }
  for (const std::string& sentence :
       KnownNames(credential_process_command, all_commands()).unknown_variables()) {
    const std::size_t colon = sentence.find(": ");
    const std::string hint = colon == std::string::npos ? "" : sentence.substr(colon + 2);
    findings.warn(sentence.substr(0, colon),
                  hint.empty() ? "unset it, or correct its name; rolecall COMMAND --help lists the "
                                 "options, and ROLECALL_ROLE_ARN is the variable of --role-arn"
                               : hint);
  }
}

void describe_file(Findings& findings, const Examination& examination) {
  const ConfigFile& file = examination.settings->file();
  if (!file.skipped_file_error.empty())
    findings.warn(file.skipped_file_error,
                  "let this user read the file, or name one with --config");
  if (file.path.empty()) return findings.fact("no configuration file");
  findings.fact("configuration file " + file.path +
                (examination.binding.empty() ? "" : ", binding " + examination.binding));
}

// "command line: certificate, private-key", "line 3: role-arn"
void describe_locations(Findings& findings, const Examination& examination) {
  const Settings& settings = *examination.settings;
  const std::string in_file = "configuration file " + settings.file().path + ", ";
  std::map<std::string, std::string> options_at;
  for (const auto& [option, location] : settings.locations()) {
    const Option* known = find_option(credential_process_command, option);
    if (known == nullptr || known->chooses_settings || option == "quiet" || option == "debug")
      continue;
    std::string_view where = location;
    for (const std::string_view prefix : {std::string_view(in_file), of_variable})
      if (where.starts_with(prefix)) where.remove_prefix(prefix.size());
    // The line of the profile was read as a command line.
    if (where == of_command_line && examination.line && !examination.given->find(option))
      where = "credential_process";
    std::string& options = options_at[std::string(where)];
    options += (options.empty() ? "" : ", ") + option;
  }
  for (const auto& [where, options] : options_at)
    findings.fact(cat(where, ": ", options));
}

void check_program(Findings& findings, const ProfileLine& line) {
  findings.fact(cat("credential_process of ", line.location, " runs ", line.program));
  if (line.program.starts_with('~') || line.program.find('$') != std::string::npos) {
    findings.fail(cat("the program of credential_process is ", line.program,
                      ", but programs that read the line replace neither ~ nor variables"),
                  "write the full path in " + line.location);
  } else if (line.program.starts_with('/') && access(line.program.c_str(), X_OK) != 0) {
    findings.fail(cat("the program of credential_process, ", line.program, ", cannot be run"),
                  "correct the path in " + line.location + ", or install the program there");
  }
}

}  // namespace

doctor::Check check_inputs(Examination& examination) {
  Findings findings;
  if (examination.line) check_program(findings, *examination.line);
  if (examination.settings_error) {
    findings.fail(*examination.settings_error);
    return findings.check("inputs");
  }
  try {
    examination.flags = session_flags(*examination.settings, MissingOptions::allowed);
    check_required_options(*examination.settings);
  } catch (const Error& error) {
    findings.fail(error);
  }
  check_variables(findings, examination);
  describe_file(findings, examination);
  describe_locations(findings, examination);
  return findings.check("inputs");
}

}  // namespace rolecall::cli
