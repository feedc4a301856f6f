// The token of exec --refresh's endpoint as a file: some SDKs read only that.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "rolecall/secret.h"

namespace rolecall::cli {

// A file (0600) in a directory of its own (0700), below XDG_RUNTIME_DIR, otherwise TMPDIR or /tmp.
// Both are removed at the end. If there is no place for it, it warns, and has no path.
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
  // Locked, as systemd-tmpfiles removes old files of /tmp except in locked directories.
  Descriptor lock_;
};

}  // namespace rolecall::cli
