// Turns a certificate and its private key into temporary AWS credentials, in one call.
//
// Include this header first: it declares what most programs need. The library is what the headers
// in include/rolecall declare, and nothing else. What is stable before version 1.0:
// - A patch version (0.2.x) changes no declaration, and what compiles still compiles.
// - A minor version (0.x) may add, rename or remove anything here. `version.h` has macros for #if,
//   and find_package(rolecall 0.2) accepts only versions 0.2.x.
// - Structs of options get new members at any position. Set their members by name.
// - The values of ErrorKind, and the form of credential_process_json, do not change.
// - Messages (what(), hint() and the texts for a Reporter) are for people. Any version may change
//   them. A program must check Error::kind() instead.
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

// What to request from IAM Roles Anywhere, and how to connect.
struct SessionOptions {
  std::string role_arn;
  std::string profile_arn;
  std::string trust_anchor_arn;
  std::string role_session_name;  // empty: the service uses the certificate's serial number
  std::chrono::seconds session_duration{3600};  // 900 s to 43200 s

  std::string region;    // empty: the region in the trust anchor's ARN
  std::string endpoint;  // scheme://host[:port]; empty: the service's endpoint in the region
  bool use_fips = false;
  bool use_dualstack = false;

  bool verify_tls = true;
  std::string ca_bundle;     // PEM file of roots; empty: only ca_directory
  std::string ca_directory;  // hashed directory of roots; if both are empty: the system's roots
  bool use_proxy = false;    // use HTTPS_PROXY, ALL_PROXY and NO_PROXY as libcurl does
  // Only for hints. proxy_unused: one of these variables is set, but use_proxy is false.
  // proxy_has_user: the proxy in use has a user name.
  bool proxy_unused = false;
  bool proxy_has_user = false;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{30000};  // for all attempts and the waits between them
};

// Loads and checks the identity, signs a CreateSession request with its key, sends the request, and
// returns the credentials (IAM Roles Anywhere User Guide: "Signing process" and "CreateSession").
// If a failure may be temporary, tries again: three attempts at most, all within the timeout.
// Throws Error. If the options or the files cannot work, throws before anything is sent.
Credentials create_session(const IdentityOptions& identity, const SessionOptions& session,
                           const Reporter& reporter = {});

// Several sessions for one identity, for a program that runs for a long time. The identity stays in
// memory, so a password or PIN is asked for only once, and a hardware key stays open. An object of
// this class may be used by only one thread at a time.
class Sessions {
 public:
  // Reads no files yet. Throws Error (usage) for options that cannot work.
  Sessions(IdentityOptions identity, SessionOptions session, Reporter reporter = {});
  ~Sessions();
  Sessions(Sessions&&) noexcept;
  Sessions& operator=(Sessions&&) noexcept;

  // Returns the credentials of a new session, as create_session does. The first call loads the
  // identity. A later call loads the identity again if one of its files has changed, or if the last
  // call failed with another kind than try_later. If the identity cannot be loaded, or if the
  // service refuses the new certificate, the call warns and uses the previous identity.
  Credentials create();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rolecall
