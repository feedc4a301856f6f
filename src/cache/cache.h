// Credentials of earlier runs, in files that their user alone can read: while a session is good,
// the next run need not ask for another.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "rolecall/credentials.h"
#include "rolecall/reporter.h"

namespace rolecall::aws {

struct CacheEntry {
  std::string key;  // cache_key()
  std::chrono::sys_seconds issued;
  Credentials credentials;
};

class CacheLock;

class Cache {
 public:
  enum class IfMissing { make, leave };  // left, it is empty

  // Makes the directory (0700) and its parents where they are missing. Throws Error (failed) where
  // it is another user's, can be written by others, or cannot be made.
  explicit Cache(const std::string& directory, IfMissing if_missing = IfMissing::make,
                 const Clock& clock = machine_clock());

  struct Request {
    std::string key;
    // What must be left of a session's life, half of it at most, for it to count as fresh.
    std::chrono::seconds margin{900};
    // For waits for another process and for `renew`, together.
    std::chrono::milliseconds timeout{30000};
    // Asks for a new session, within the time given to it; may ask a person for a password first.
    std::function<Credentials(std::chrono::milliseconds)> renew;
  };

  // The entry of request.key while it is fresh. Past that, one process of all that ask renews and
  // the others take the old entry while it lives, else wait for the one; a process that dies frees
  // its place. Where renewing fails, the old entry is taken while it lives, with a warning, and
  // for some seconds nobody tries again; those who waited for it fail as it did where they could
  // not fare better. Whoever has waited for half of its timeout renews for itself, with a warning,
  // as the one may be stopped or sit at a prompt. What cannot be written is warned of. Throws what
  // renew throws.
  Credentials get(const Request& request, const Reporter& reporter) const;

  // What is there and has not ended, soonest end first.
  std::vector<CacheEntry> entries() const;

  // Removes all entries. Throws Error (failed) where one cannot be removed.
  void clear() const;

 private:
  Credentials renew(const Request& request, std::chrono::milliseconds time,
                    std::optional<CacheEntry> old, const CacheLock& lock,
                    const Reporter& reporter) const;
  std::optional<CacheEntry> find(const std::string& key) const;
  std::optional<CacheEntry> read(const std::string& name) const;
  void write(const CacheEntry& entry) const;
  bool lives(const CacheEntry& entry) const;
  bool is_fresh(const CacheEntry& entry, std::chrono::seconds margin) const;
  bool is_there(const std::string& file) const;
  void remove_ended() const;
  void remove_unfinished() const;
  std::vector<std::string> names(std::string_view suffix) const;

  std::string directory_;
  const Clock& clock_;
  Descriptor opened_;
};

}  // namespace rolecall::aws
