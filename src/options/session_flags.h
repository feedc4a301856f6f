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

// Reads the options, and also variables that belong to no single option: SSL_CERT_FILE,
// SSL_CERT_DIR and those for proxies. Throws Error (usage). If required options are missing, the
// error names all of them.
SessionFlags session_flags(const Settings& settings);

}  // namespace rolecall::cli
