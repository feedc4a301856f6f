// From the values of options to what a session is asked for with.
#pragma once

#include "options/settings.h"
#include "rolecall/session.h"

namespace rolecall::cli {

struct SessionFlags {
  IdentityOptions identity;
  SessionOptions session;
  bool debug = false;
};

// Names every required option that is missing, and follows what variables say that are not for one
// option (SSL_CERT_FILE, SSL_CERT_DIR, *_proxy). Throws Error (usage).
SessionFlags session_flags(const Settings& settings);

}  // namespace rolecall::cli
