// Decides which of many processes renews an entry of the cache, and notes why the renewal failed.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "rolecall/error.h"

namespace rolecall::aws {

// The lock for the renewal of one entry. It is held until the object is destroyed or the process
// dies.
class CacheLock {
 public:
  // `directory` is a descriptor of the cache's directory, `name` the name of the entry.
  CacheLock(int directory, const std::string& name)
      : directory_(directory), file_name_(name + suffix) {}

  static constexpr const char* suffix = ".lock";

  // Returns false while another process holds the lock. If no lock is possible (a full disk, a
  // read-only directory), returns true, but is_held() is false: each process then renews for
  // itself.
  bool try_lock();
  bool is_held() const { return held_; }

  // Only the holder of the lock may call the functions below.
  void remove() const;

  // What the next holder can learn about the last renewal. A renewal that succeeded leaves no note.
  struct Failure {
    std::chrono::system_clock::time_point when;
    std::chrono::milliseconds time_limit;  // of the renewal
    bool refused;  // by the service, which would also refuse other processes
    bool outage;   // is_outage(error), which the error itself does not keep
    Error error;
  };
  void note_success() const;
  void note_failure(const Failure& failure) const;
  std::optional<Failure> last_failure() const;

 private:
  bool is_current_file() const;

  int directory_;
  std::string file_name_;
  Descriptor file_;
  bool held_ = false;
};

}  // namespace rolecall::aws
