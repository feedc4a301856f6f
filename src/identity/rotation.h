// An identity whose files can be replaced while it is in use.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "identity/identity.h"
#include "identity/spiffe/spiffe.h"
#include "rolecall/error.h"
#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::identity {

// The state of an identity's files according to the file system. The files are not opened. Two
// stamps are equal if no file was replaced, written, created or removed in between. Descriptors,
// URIs of tokens and TPM handles are not part of it: hardware is read again after SIGHUP or after a
// failure.
class FileStamps {
 public:
  FileStamps() = default;
  explicit FileStamps(const IdentityOptions& options);
  friend bool operator==(const FileStamps&, const FileStamps&) = default;

 private:
  std::vector<std::string> stamps_;
};

// Holds the proven identity, which the service has accepted. After the files have changed, also
// holds the candidate, which the service has not accepted yet. Even if its key and certificate
// match, the service may not trust the certificate.
//
// If the identity comes from a SPIFFE agent, the call to the agent stays open, and its messages
// count as changes of files.
class Rotation {
 public:
  using IdentityPtr = std::shared_ptr<const Identity>;

  explicit Rotation(IdentityOptions options) : options_(std::move(options)) {}

  const IdentityPtr& proven() const { return proven_; }        // nullptr: none yet
  const IdentityPtr& candidate() const { return candidate_; }  // nullptr: nothing new

  // Whether there is an identity for the next request. An expired one of a SPIFFE agent does not
  // count: the agent must be asked again.
  bool has_identity(std::chrono::sys_seconds now) const;

  // Whether the files have changed since the last load, or the SPIFFE agent has sent news.
  bool changed() { return FileStamps(options_) != stamps_ || (agent_ && agent_->has_news()); }

  // When the session should be renewed because half of the proven certificate's life is gone. Only
  // for a SPIFFE agent, whose certificates often live shorter than a session.
  std::optional<std::chrono::sys_seconds> half_of_life() const;

  // Reads all files as one set, which becomes the candidate. If leaf and chain are those of the
  // proven identity, the set replaces the proven identity, and there is no candidate. Returns true
  // if the candidate is a new one. Throws what load_identity throws; then both identities stay as
  // they are, unless the SPIFFE agent has withdrawn them: then there is none. Does nothing if there
  // is an identity and one of its sources can be read only once.
  bool load(std::chrono::sys_seconds now, const Reporter& reporter, Deadline& deadline);

  // To be called when the service has accepted the candidate, which becomes the proven identity.
  void accept() { proven_ = std::move(candidate_); }

  // `ask` sends a request with an identity. Calls it with the candidate and accepts the candidate;
  // if there is no candidate, calls it with the proven identity. Returns the result of `ask`. If
  // the service refuses the candidate (Error of kind failed) and there is a proven identity, calls
  // `refused` with the error, then `ask` with the proven identity.
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
  bool comes_from_agent() const { return options_.certificate.kind() == Source::Kind::spiffe; }

  IdentityOptions options_;
  FileStamps stamps_;
  std::unique_ptr<SpiffeAgent> agent_;
  IdentityPtr proven_;
  IdentityPtr candidate_;
};

}  // namespace rolecall::identity
