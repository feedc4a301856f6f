// Who asks for credentials: a leaf, its chain and its key, loaded and checked as one set.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "identity/certificate.h"
#include "identity/signer.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

struct Identity {
  Certificate leaf;
  std::vector<Certificate> chain;  // the leaf's issuer first; no root
  std::unique_ptr<Signer> signer;  // the leaf's key
};

// Reads every file that `options` names once, searches the tokens that it names, and asks for a
// password or PIN where the key needs one, and only then. The leaf is the certificate that the key
// fits; of several (renewed with the same key) the one that is valid at `now` and ends last. Warns
// of a key file that others can read or that is another user's. Throws Error: usage for files that
// do not hold what they should or do not fit, failed for a leaf that is not valid at `now` or a
// token that refuses, try_later for a token that is not there. With a key in hardware each
// signature asks the hardware. Reading files and decrypting them takes at most until `deadline`,
// which stands still while a person types or hardware works.
Identity load_identity(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter, Deadline& deadline);

// The same within 30 seconds.
Identity load_identity(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter);

// The key alone, whatever today's date. A certificate is not needed; where `options` names one, its
// file must hold one that the key fits. Intermediates are not read. Warns and throws as above.
std::unique_ptr<Signer> load_signer(const IdentityOptions& options, const Reporter& reporter);

// Every certificate of options.certificate in the file's order; the leaf first (as load_identity
// finds it) where it is a PKCS#12 file, whose order tells nothing and which may ask for its
// password. Nothing is checked but the form. Throws Error (usage).
std::vector<Certificate> load_certificates(const IdentityOptions& options,
                                           std::chrono::sys_seconds now);

}  // namespace rolecall::identity
