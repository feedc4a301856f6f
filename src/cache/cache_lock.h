// Who of many processes renews an entry of the cache, and how it went.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "rolecall/error.h"

namespace rolecall::aws {

// Of one entry's renewal, held until it is destroyed, or its process dies.
class CacheLock {
 public:
  // `directory` is a descriptor of the cache's, `name` the entry's.
  CacheLock(int directory, const std::string& name)
      : directory_(directory), file_name_(name + suffix) {}

  static constexpr const char* suffix = ".lock";

  // False while another process holds it. Where there cannot be a lock (a full disk, a read-only
  // directory), each renews for itself: true, but it is not held.
  bool take();
  bool is_held() const { return held_; }

  // All below are for its holder.
  void remove() const;

  // The next holder may ask how the last one fared: a renewal that succeeded leaves nothing.
  struct Failure {
    std::chrono::system_clock::time_point when;
    std::chrono::milliseconds had;  // the time that it had for it
    bool refused;                   // by the service: others would be, too
    Error error;
  };
  void note_success() const;
  void note_failure(const Failure& failure) const;
  std::optional<Failure> last_failure() const;

 private:
  bool is_there() const;

  int directory_;
  std::string file_name_;
  Descriptor file_;
  bool held_ = false;
};

}  // namespace rolecall::aws
