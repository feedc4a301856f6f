// What tells the entries of the cache apart.
#pragma once

#include <string>

#include "rolecall/identity_options.h"
#include "rolecall/session.h"

namespace rolecall::aws {

struct CacheKey {
  // All that decides which credentials a run gets and whom it trusts for them, as lines
  // "name=value" without a secret: the user, what is asked and where, and of each file of the
  // identity its absolute path and stamp (device, inode, size, times of change), so that a changed
  // one is another key. A key in a token or a TPM counts by its URI, as the certificate tells which
  // one it is. Empty where the certificate is on a token, where the identity comes from a stream,
  // and where a file is not there: there is no entry for these.
  std::string text;
  std::string why_not;  // text is empty, for people
};

CacheKey cache_key(const IdentityOptions& options, const SessionOptions& session);

}  // namespace rolecall::aws
