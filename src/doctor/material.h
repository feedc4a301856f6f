// Loads the certificate and the key once, for all checks. What cannot be loaded does not stop the
// checks of the rest.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "identity/certificate.h"
#include "identity/signer.h"
#include "rolecall/error.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::doctor {

struct Material {
  std::optional<identity::Certificate> leaf;  // if the key is unknown, the certificate most likely
  std::vector<identity::Certificate> certificates;  // all that were given
  std::unique_ptr<identity::Signer> signer;         // it has a signer only if the key was loaded
  bool matches = false;                             // the key is that of `leaf`
  bool agent_renews = false;  // a SPIFFE agent gives the certificate, and renews it in time
  std::optional<Error> certificate_error;
  std::optional<Error> key_error;
  std::optional<Error> intermediates_error;
  std::vector<std::string> warnings;          // about files with secrets
  TriesLeft tries_left = TriesLeft::unknown;  // of the token's PIN, when the PIN was asked for
};

// Asks for a password or PIN at most as often as load_identity does. `reporter` gets only traces.
Material load_material(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter, Deadline& deadline);

}  // namespace rolecall::doctor
