// The checks of rolecall doctor that need the settings, the environment or the files of AWS, and
// what all checks of one binding share.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "aws/session_request.h"
#include "doctor/check.h"
#include "doctor/material.h"
#include "doctor/network.h"
#include "options/session_flags.h"
#include "options/settings.h"

namespace rolecall::cli {

// The credential_process of a profile in ~/.aws/config.
struct ProfileLine {
  std::string profile;
  std::string location;  // "[profile billing] in AWS config file /home/u/.aws/config"
  std::string program;
  std::vector<std::string> flags;
};

// Throws UnknownName if there is no such profile. Throws Error (usage) if its credential_process
// runs neither rolecall nor the official helper, or if others can change the file.
ProfileLine read_profile_line(const std::string& profile);

// The profiles in ~/.aws/config whose credential_process runs rolecall or the official helper.
// Empty if the file cannot be read.
std::vector<std::string> profiles_with_line();

// One binding, one profile, or the options of the command line. A check may use what the checks
// before it have found.
struct Examination {
  std::string binding;                         // empty: none
  std::optional<std::string> profile;          // from --profile
  std::optional<ProfileLine> line;             // of that profile
  const CommandLine* given = nullptr;          // the command line of doctor
  std::optional<Settings> settings;            // of credential-process
  std::optional<Error> settings_error;         // why there are none
  std::optional<SessionFlags> flags;           // set by the check of the inputs
  doctor::Material material;                   // set by the check of the key
  std::optional<aws::SessionRequest> request;  // set by the check of the ARNs
  std::optional<doctor::Reach> reach;          // set by the check of the clock
  std::optional<Credentials> credentials;      // set by the check of the session
  std::chrono::sys_seconds now;
  Reporter reporter;  // for --debug; it has no warnings, because the checks report them
};

// What to check: one element, or one for each binding. `own` are the settings of doctor, `given` is
// its command line. `line` is set to the command line of credential-process, to which the settings
// of the result refer. Throws UnknownName if the command line names a binding or a profile that
// does not exist.
std::deque<Examination> examinations_of(const Settings& own, const CommandLine& given,
                                        CommandLine& line);

doctor::Check check_inputs(Examination& examination);
doctor::Check check_precedence(const Examination& examination);
// `directory` is the value of --scan; empty: not given.
doctor::Check check_static_keys(const std::string& directory);
doctor::Check check_services(const Examination& examination);
// Requests a session of each fallback of the binding. Only if it has any.
bool has_fallbacks(const Examination& examination);
doctor::Check check_fallbacks(const Examination& examination);

}  // namespace rolecall::cli
