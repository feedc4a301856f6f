// Credentials of earlier runs, in files that their user alone can read: while a session is good,
// the next run need not ask for another.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // Makes the directory (0700) and its parents where they are missing. Throws Error (failed) where
  // it is another user's, can be written by others, or cannot be made.
  explicit Cache(const std::string& directory);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  struct Request {
    std::string key;
    // What must be left of a session's life, half of it at most, for it to count as fresh.
    std::chrono::seconds margin{900};
    // For waits for another process and for `renew`, together.
    std::chrono::milliseconds timeout{30000};
    // Asks for a new session, within the time given to it.
    std::function<Credentials(std::chrono::milliseconds)> renew;
  };

  // The entry of request.key while it is fresh. Past that, one process of all that ask renews and
  // the others take the old entry while it lives, else wait for the one; a process that dies frees
  // its place. Where renewing fails, the old entry is taken while it lives, with a warning, and
  // for some seconds nobody tries again; those who waited for it fail as it did. What cannot be
  // written is warned of. Throws Error: what renew throws, try_later at the end of the
  // timeout.
  Credentials get(const Request& request, const Reporter& reporter) const;

  // What is there and has not ended, soonest end first.
  std::vector<CacheEntry> entries() const;

  // Removes all entries; returns their number.
  int clear() const;

 private:
  Credentials renew(const Request& request, std::chrono::milliseconds time,
                    std::optional<CacheEntry> old, const CacheLock& lock,
                    const Reporter& reporter) const;
  std::optional<CacheEntry> find(const std::string& key) const;
  std::optional<CacheEntry> read(const std::string& name) const;
  void write(const CacheEntry& entry) const;
  void remove_ended() const;
  void remove_unfinished() const;
  std::vector<std::string> names(std::string_view suffix) const;

  std::string directory_;
  int fd_ = -1;
};

}  // namespace rolecall::aws
