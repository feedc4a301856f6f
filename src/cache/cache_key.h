// What distinguishes the entries of the cache.
#pragma once

#include <string>

#include "rolecall/identity_options.h"
#include "rolecall/session.h"

namespace rolecall::aws {

struct CacheKey {
  // Lines "name=value" without a secret, with all that decides which credentials a run gets and
  // which servers it trusts: the user, the request, and where it is sent. For each file of the
  // identity, the absolute path and the stamp (device, inode, size, times of change), so that a
  // changed file gives another key. For a private key on a token or in a TPM, only its URI or
  // handle, because the certificate determines the key. Empty if the session cannot be cached: if
  // the certificate is on a token or comes from a SPIFFE agent, if the identity comes from a
  // stream, or if a file cannot be found.
  std::string text;
  std::string reason_not_cached;  // for people: why `text` is empty
};

// Returns the key for a run with these options. Opens no file.
CacheKey cache_key(const IdentityOptions& options, const SessionOptions& session);

}  // namespace rolecall::aws
