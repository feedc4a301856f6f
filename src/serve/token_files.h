// Where the container credentials endpoint leaves what its clients need: NAME.token and NAME.uri.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "rolecall/secret.h"

namespace rolecall::serve {

// The files of one binding of a server that runs; no other server has the same two.
class TokenFiles {
 public:
  // Makes the directory (0700) where it is missing. Takes the token that is there, so that clients
  // keep theirs when the server is restarted; makes a new one of 256 random bits (mode 0600) where
  // there is none, or one that others could have read. Throws Error (usage) where the directory
  // cannot be used, where others than its owner may write to it (they could put tokens of their own
  // there), and where another server has this token.
  TokenFiles(const std::string& directory, const std::string& name);
  ~TokenFiles();  // removes NAME.uri
  TokenFiles(TokenFiles&&) = delete;

  const Secret& token() const { return token_; }

  // Tells clients where the endpoint is.
  void write_uri(const std::string& uri) const;

 private:
  bool take();

  std::string token_path_;
  std::string uri_path_;
  Secret token_;
  std::unique_ptr<Descriptor> lock_;  // NAME.token, open and locked
};

struct ContainerFiles {
  std::string uri;
  Secret token;
  std::string token_path;
};
// What a server that runs has left. Throws Error (usage) where it is not there.
ContainerFiles read_container_files(const std::string& directory, const std::string& name);

}  // namespace rolecall::serve
