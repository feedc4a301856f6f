// An identity whose files may be replaced while it is in use.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "identity/identity.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::serve {

// What the file system says of the files that an identity is read from, without opening them. Equal
// where none was replaced, written to, made or removed. What is no path (a descriptor, a token's
// URI, a TPM's handle) has no part in it: hardware is looked at again with a SIGHUP or a failure.
class FileStamps {
 public:
  FileStamps() = default;
  explicit FileStamps(const IdentityOptions& options);
  friend bool operator==(const FileStamps&, const FileStamps&) = default;

 private:
  std::vector<std::string> stamps_;
};

// Holds the identity that works and, after a change of the files, the one that has to show that it
// does: a certificate that fits its key may still be one that the service does not trust.
class Rotation {
 public:
  using IdentityPtr = std::shared_ptr<const identity::Identity>;

  // `limit`: for reading the files, each time.
  explicit Rotation(IdentityOptions options,
                    std::chrono::milliseconds limit = std::chrono::seconds(30))
      : options_(std::move(options)), limit_(limit) {}

  const IdentityPtr& proven() const { return proven_; }        // nullptr: none yet
  const IdentityPtr& candidate() const { return candidate_; }  // nullptr: nothing new

  // Whether the files are not as they were at the last load.
  bool changed() const { return FileStamps(options_) != stamps_; }

  // Reads all of the files as one set, which becomes the candidate; where it is the proven one
  // again, it takes its place. True: the candidate is another one than before. Throws what
  // load_identity throws: then both are as before. Does nothing where there is an identity whose
  // sources can be read only once.
  bool load(std::chrono::sys_seconds now, const Reporter& reporter);

  // The candidate works: it is the proven one from now on.
  void accept() { proven_ = std::move(candidate_); }

 private:
  IdentityOptions options_;
  std::chrono::milliseconds limit_;
  FileStamps stamps_;
  IdentityPtr proven_;
  IdentityPtr candidate_;
};

}  // namespace rolecall::serve
