// The files that serve writes for its clients and for its own next start: NAME.token, NAME.uri and
// NAME.imds-key.
#pragma once

#include <optional>
#include <string>

#include "base/descriptor.h"
#include "rolecall/secret.h"

namespace rolecall::serve {

inline constexpr const char* token_suffix = ".token";
inline constexpr const char* imds_key_suffix = ".imds-key";

// The files of one binding while the server runs. No two servers can use the same files.
class TokenFiles {
 public:
  // Makes the directory (0700) if it is missing. If there is a token, uses that token, so that
  // clients need no new one after a restart of the server. If there is no token, or if other users
  // could have read it, makes a new token of 256 random bits (mode 0600). Throws Error: usage if
  // the directory cannot be used, if a user other than its owner can write to it (that user could
  // put other tokens there), or if another server uses this token; try_later if the disk is full.
  TokenFiles(const std::string& directory, const std::string& name);
  ~TokenFiles();  // removes NAME.uri
  TokenFiles(TokenFiles&&) = delete;

  const Secret& token() const { return token_; }

  // Returns the key for ImdsTokens. Uses an existing key or makes one, as for the token.
  Secret imds_key() const;

  // Tells clients the endpoint's URI. Call this only when the endpoint answers.
  void write_uri(const std::string& uri) const;

 private:
  bool lock_and_read_token();

  // All files are opened relative to this directory, so that nobody can replace it by another one.
  std::string path_;
  std::string name_;
  Descriptor directory_;
  Secret token_;
  Descriptor lock_;  // NAME.token, open and locked
};

struct ContainerFiles {
  std::string uri;
  Secret token;
  std::string token_path;
};
// Returns what a running server has written, or nullopt if the files are missing. Throws Error
// (usage) unless the directory and the files belong to this user or to root, nobody else can write
// to the directory, and nobody else can read or write the files. Otherwise, another user could have
// made them to send clients to an endpoint of that user.
std::optional<ContainerFiles> find_container_files(const std::string& directory,
                                                   const std::string& name);

}  // namespace rolecall::serve
