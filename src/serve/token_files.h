// Where serve leaves what its clients need, and what it keeps for its next start: NAME.token,
// NAME.uri and NAME.imds-key.
#pragma once

#include <optional>
#include <string>

#include "base/descriptor.h"
#include "rolecall/secret.h"

namespace rolecall::serve {

// The files of one binding of a server that runs; no other server has the same ones.
class TokenFiles {
 public:
  // Makes the directory (0700) if it is missing. Takes the token that is there, so that clients
  // keep theirs when the server is restarted; makes a new one of 256 random bits (mode 0600) if
  // there is none, or one that others could have read. Throws Error (usage) if the directory cannot
  // be used, if others than its owner may write to it (they could put tokens of their own there),
  // and if another server has this token; Error (try_later) if the disk is full.
  TokenFiles(const std::string& directory, const std::string& name);
  ~TokenFiles();  // removes NAME.uri
  TokenFiles(TokenFiles&&) = delete;

  const Secret& token() const { return token_; }

  // The key for ImdsTokens: taken or made as the token is.
  Secret imds_key() const;

  // Tells clients where the endpoint is, now that it answers.
  void write_uri(const std::string& uri) const;

 private:
  bool take_token();

  // Every file is opened in this directory, so that nobody can put another one in its place.
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
// What a server that runs has left. Nothing if it is not there. Throws Error (usage) unless the
// directory and the files belong to this user or to root, and nobody else can write the directory
// or read or write the files: else who made them could send clients to an endpoint of their own.
std::optional<ContainerFiles> find_container_files(const std::string& directory,
                                                   const std::string& name);

}  // namespace rolecall::serve
