// rolecall doctor: the files of serve, update and --cache that contain secrets.
#pragma once

#include <sys/types.h>

#include <string>

#include "doctor/check.h"

namespace rolecall::cli {

// The tokens of a serve that runs, or would run, as `user`.
void check_token_directory(doctor::Findings& findings, const std::string& directory, uid_t user);

// The credentials file of an update that runs, or would run, as `user`.
void check_credentials_file(doctor::Findings& findings, const std::string& path, uid_t user);

// All directories that may contain a cache of this user.
void check_caches(doctor::Findings& findings);

}  // namespace rolecall::cli
