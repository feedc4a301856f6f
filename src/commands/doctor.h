// The checks of rolecall doctor that need the settings, the environment or the files of AWS, and
// what all checks of one binding share.
#pragma once

#include <chrono>
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

// Throws Error (usage) if there is no such profile, if its credential_process runs neither rolecall
// nor the official helper, or if others can change the file.
ProfileLine read_profile_line(const std::string& profile);

// One binding, one profile, or the options of the command line. A check may use what the checks
// before it have found.
struct Examination {
  std::string binding;                         // empty: none
  std::optional<std::string> profile;          // from --profile
  std::optional<ProfileLine> line;             // of that profile
  std::optional<Settings> settings;            // of credential-process
  std::optional<Error> settings_error;         // why there are none
  std::optional<SessionFlags> flags;           // set by the check of the inputs
  doctor::Material material;                   // set by the check of the key
  std::optional<aws::SessionRequest> request;  // set by the check of the ARNs
  std::optional<doctor::Reach> reach;          // set by the check of the clock
  std::optional<Credentials> credentials;      // set by the check of the session
  std::chrono::sys_seconds now;
};

doctor::Check check_inputs(Examination& examination);
doctor::Check check_precedence(const Examination& examination);
// `directory` is the value of --scan; empty: not given.
doctor::Check check_static_keys(const std::string& directory);
doctor::Check check_services(const Examination& examination);

}  // namespace rolecall::cli
