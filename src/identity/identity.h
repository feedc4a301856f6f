// A certificate, its chain and its key, loaded and checked as one set.
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

namespace rolecall::identity {

class SpiffeAgent;

struct Identity {
  Certificate leaf;
  std::vector<Certificate> chain;  // the leaf's issuer first; no root
  std::unique_ptr<Signer> signer;  // the leaf's key
};

// Loads the identity that `options` describes: reads each file once and searches the tokens. Asks
// for a password or PIN only if the key needs one. The leaf is the certificate that matches the
// key. If several certificates match (renewed with the same key), the leaf is one that is valid at
// `now`, and of these the one that expires last.
//
// Warns if another user can read or owns the key file, and if the service may refuse a certificate.
// If the key is in hardware, each signature is made there. Reading and decrypting the files must be
// finished at `deadline`. The clock of `deadline` stops while a person types or hardware works.
//
// If options.certificate is a SPIFFE agent, the agent gives everything. A caller that loads the
// identity again keeps the agent and passes it as `agent`; otherwise, one call is made.
//
// Throws Error: usage if a file has the wrong content, or if key and certificate do not match;
// failed if the leaf is not valid at `now`, or if a token refuses; try_later if a token is not
// present, if a SPIFFE agent does not give an identity, or if that identity has expired.
Identity load_identity(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter, Deadline& deadline, SpiffeAgent* agent = nullptr);

// What load_identity would use, for a caller that checks each part itself.
struct IdentityParts {
  Certificate leaf;
  std::vector<Certificate> certificates;  // all that were given; some may be issuers of the leaf
  std::unique_ptr<Signer> signer;
  std::optional<Error> intermediates_error;  // why `intermediates` cannot be used
};

// The same as load_identity, except that the leaf may have expired, that there are no warnings
// about certificates, and that the chain is not put in order.
IdentityParts load_identity_parts(const IdentityOptions& options, std::chrono::sys_seconds now,
                                  const Reporter& reporter, Deadline& deadline);

// Loads only the key. The validity of certificates does not matter. `options` need not name a
// certificate. If it names one, the key must match a certificate in that file. Intermediates are
// not read. Warns and throws as load_identity does.
std::unique_ptr<Signer> load_signer(const IdentityOptions& options, const Reporter& reporter);

// Reads every certificate of options.certificate, in the order of the file. For a PKCS#12 file,
// whose order has no meaning, the leaf is first (chosen as in load_identity), and the password may
// be asked for. Checks only that the file is well formed. Throws Error (usage). Of a SPIFFE agent,
// returns the leaf and its chain, and throws what load_identity throws.
std::vector<Certificate> load_certificates(const IdentityOptions& options,
                                           std::chrono::sys_seconds now);

}  // namespace rolecall::identity
