// Converts the values of options into those of a session.
#pragma once

#include "options/settings.h"
#include "rolecall/session.h"

namespace rolecall::cli {

struct SessionFlags {
  IdentityOptions identity;
  SessionOptions session;
  bool debug = false;
};

enum class MissingOptions { refused, allowed };

// Reads the options, and also variables that belong to no single option: SSL_CERT_FILE,
// SSL_CERT_DIR and those for proxies. Throws Error (usage). If required options are missing, the
// error names all of them, unless they are allowed to be missing.
SessionFlags session_flags(const Settings& settings,
                           MissingOptions missing = MissingOptions::refused);

// Throws that error if required options are missing.
void check_required_options(const Settings& settings);

}  // namespace rolecall::cli
