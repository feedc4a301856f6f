// Writes the token of exec --refresh's endpoint to a file, because some SDKs read only a file.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "rolecall/secret.h"

namespace rolecall::cli {

// A file (mode 0600) in a directory of its own (mode 0700), below XDG_RUNTIME_DIR, otherwise below
// TMPDIR or /tmp. The destructor removes both. If the file cannot be written, warns and leaves the
// path empty.
class TokenFile {
 public:
  explicit TokenFile(const Secret& token);
  ~TokenFile();
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string directory_;
  std::string path_;
  // The directory is locked, because systemd-tmpfiles removes old files from /tmp unless their
  // directory is locked.
  Descriptor lock_;
};

}  // namespace rolecall::cli
