// Credentials of earlier runs, in files that only their user can read. While a session is fresh,
// the next run does not need a new one.
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
  std::string key;  // from cache_key()
  std::chrono::sys_seconds issued;
  Credentials credentials;
};

// A file of the cache that no run can use.
struct UselessEntry {
  std::string path;
  std::string why;  // "has mode 0644: …"
  bool has_expired = false;
};

class CacheLock;

class Cache {
 public:
  enum class IfMissing { make, leave };  // leave: the cache is then empty

  // If the directory (mode 0700) or a parent of it is missing, makes it. Throws Error (failed) if
  // the directory belongs to another user, if others can write to it, or if it cannot be made.
  explicit Cache(const std::string& directory, IfMissing if_missing = IfMissing::make,
                 const Clock& clock = machine_clock());

  struct Request {
    std::string key;
    // A session is fresh if it is valid for longer than this, or than half its lifetime if that is
    // less.
    std::chrono::seconds margin{900};
    // The limit for `renew` and for the wait for another process, together.
    std::chrono::milliseconds timeout{30000};
    // Requests a new session within the given time. It may first ask a person for a password.
    std::function<Credentials(std::chrono::milliseconds)> renew;
    // Whether another session can be used instead. If the last renewal failed because of an outage
    // less than a minute ago, get() then throws that Outage at once, unless there is a valid entry.
    bool has_fallback = false;
  };

  // Returns the entry for request.key while it is fresh. Otherwise, only one of the processes that
  // need the session renews it:
  // - The other processes return the old entry if it is still valid. If not, they wait.
  // - If the process that renews dies, another one takes over.
  // - If the renewal fails, the old entry is returned with a warning, as long as it is valid. For
  //   some seconds, no other process then tries again.
  // - If there is no valid entry, a process that waited for the renewal throws the same error,
  //   unless an attempt of its own could succeed.
  // - A process that has waited for half of its timeout warns and requests a session of its own,
  //   because the other process may be stopped or may wait for a password.
  //
  // Warns if the entry cannot be written. Throws what request.renew throws.
  Credentials get(const Request& request, const Reporter& reporter) const;

  // Returns all entries that have not expired, those that expire first at the front.
  std::vector<CacheEntry> entries() const;
  // Returns the files that are not in entries(). Changes nothing.
  std::vector<UselessEntry> useless_entries() const;

  // Removes all entries. Throws Error (failed) if an entry cannot be removed.
  void clear() const;

 private:
  Credentials renew(const Request& request, std::chrono::milliseconds time,
                    std::optional<CacheEntry> old, const CacheLock& lock,
                    const Reporter& reporter) const;
  std::optional<CacheEntry> find(const std::string& key) const;
  std::optional<CacheEntry> read(const std::string& name) const;
  void write(const CacheEntry& entry) const;
  UselessEntry fault_of(const std::string& name) const;
  bool is_valid(const CacheEntry& entry) const;
  bool is_fresh(const CacheEntry& entry, std::chrono::seconds margin) const;
  bool exists(const std::string& file) const;
  void remove_expired() const;
  void remove_unfinished() const;
  std::vector<std::string> names(std::string_view suffix) const;

  std::string directory_;
  const Clock& clock_;
  Descriptor opened_;
};

}  // namespace rolecall::aws
