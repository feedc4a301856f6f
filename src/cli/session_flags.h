// The flags of every command that asks for a session, with the official helper's names.
#pragma once

#include "cli/identity_flags.h"
#include "rolecall/session.h"

namespace CLI {
class App;
}

namespace rolecall::cli {

struct SessionFlags {
  IdentityFlags identity;
  SessionOptions session;
  long session_duration = 3600;  // seconds
  bool no_verify_ssl = false;
  bool debug = false;
};

// Declares the flags; `flags` must outlive the parse.
void add_session_flags(CLI::App& app, SessionFlags& flags);

// After the parse: finishes the identity's flags, names every required one that is missing, and
// fills in what variables say that are not for one flag (SSL_CERT_FILE, SSL_CERT_DIR, *_proxy).
// Throws Error (usage).
void finish_session_flags(const CLI::App& app, SessionFlags& flags);

}  // namespace rolecall::cli
