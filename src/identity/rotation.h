// An identity whose files may be replaced while it is in use.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "identity/identity.h"
#include "rolecall/error.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

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
  using IdentityPtr = std::shared_ptr<const Identity>;

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

  // Returns what `ask`, which sends a request, returns for the candidate, and accepts it; for the
  // proven one if there is no candidate. If the service refuses the candidate (an Error of kind
  // failed) and there is a proven one, calls `refused` with that error and asks as the proven one.
  template <class Ask, class Refused>
  auto ask(Ask ask, Refused refused) {
    if (!candidate_) return ask(*proven_);
    try {
      auto answer = ask(*candidate_);
      accept();
      return answer;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::failed || !proven_) throw;
      refused(error);
    }
    return ask(*proven_);
  }

 private:
  IdentityOptions options_;
  std::chrono::milliseconds limit_;
  FileStamps stamps_;
  IdentityPtr proven_;
  IdentityPtr candidate_;
};

}  // namespace rolecall::identity
