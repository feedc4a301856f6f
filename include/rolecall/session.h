// From a certificate and its private key to temporary AWS credentials, in one call.
//
// Include this header first: it declares what most programs need. The library is what the headers
// in include/rolecall declare, and nothing else. What is stable before version 1.0:
// - A patch version (0.2.x) changes no declaration, and what compiles still compiles.
// - A minor version (0.x) may add, rename or remove anything here. `version.h` has macros for #if,
//   and find_package(rolecall 0.2) accepts only versions 0.2.x.
// - Structs of options get new members at any place. Set their members by name.
// - The values of ErrorKind, and the form of credential_process_json, do not change.
// - Messages (what(), hint() and the texts for a Reporter) are for people. Any version may change
//   them: decide by Error::kind().
// - There is no stable ABI. Compile a program with the headers of the archive that it links.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "rolecall/credentials.h"
#include "rolecall/error.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall {

// What to ask of IAM Roles Anywhere, and how to reach it.
struct SessionOptions {
  std::string role_arn;
  std::string profile_arn;
  std::string trust_anchor_arn;
  std::string role_session_name;                // empty: the service takes the serial number
  std::chrono::seconds session_duration{3600};  // 900 s to 43200 s

  std::string region;    // empty: that of the trust anchor's ARN
  std::string endpoint;  // scheme://host[:port]; empty: the service's own for the region
  bool use_fips = false;
  bool use_dualstack = false;

  bool verify_tls = true;
  std::string ca_bundle;     // PEM file of roots; empty: ca_directory
  std::string ca_directory;  // hashed directory of roots; empty too: the system's
  bool use_proxy = false;    // HTTPS_PROXY, ALL_PROXY and NO_PROXY as libcurl reads them
  // For hints alone: one of these is set, though use_proxy is not; the one in use names a user.
  bool proxy_unused = false;
  bool proxy_has_user = false;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{30000};  // over all attempts and the waits between them
};

// Loads and checks the identity, signs a CreateSession request with it and returns what the service
// grants (IAM Roles Anywhere User Guide: "Signing process" and "CreateSession"). Tries up to
// three times what may pass, all within the timeout. Throws Error; nothing is sent where the flags
// or files cannot work.
Credentials create_session(const IdentityOptions& identity, const SessionOptions& session,
                           const Reporter& reporter = {});

// One session after another for one identity, for a program that runs for a long time. The identity
// stays in memory, so that a password or PIN is asked for only once, and a key in hardware stays
// open. Use it from one thread at a time.
class Sessions {
 public:
  // Reads nothing yet. Throws Error (usage) for options that cannot work.
  Sessions(IdentityOptions identity, SessionOptions session, Reporter reporter = {});
  ~Sessions();
  Sessions(Sessions&&) noexcept;
  Sessions& operator=(Sessions&&) noexcept;

  // A new session, as create_session returns it. The first call loads the identity. A later call
  // loads it again if one of its files has changed, or if the last call failed other than with
  // try_later. If it cannot be loaded, or if the service refuses the new certificate, the call
  // warns and uses the identity from before.
  Credentials create();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rolecall
