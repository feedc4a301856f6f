// Searches files of any user for access key ids.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "doctor/key_ids.h"

namespace rolecall::doctor {

struct ScanLimits {
  std::size_t entries = 200'000;       // of directories
  std::size_t bytes = 256UL << 20U;    // of all files
  std::size_t file_size = 1UL << 20U;  // larger files are skipped
  std::size_t depth = 64;              // of directories
  std::size_t found = 1000;
  std::chrono::milliseconds time{20000};
};

struct FoundKey {
  std::string path;
  KeyId id;
};

// Other users may own the files and change them meanwhile. So no symbolic link is followed, except
// in the path of the starting point itself, and only regular files are read. The scan does not
// enter other file systems than that of the starting point.
class Scan {
 public:
  explicit Scan(ScanLimits limits = {}, const Clock& clock = machine_clock())
      : limits_(limits), clock_(clock), end_(clock.steady() + limits.time) {}

  // Searches the file or the directory, with everything below it.
  void add(const std::string& path);
  // Searches only `relative`, a path below the directory `base`. Follows no link in `relative`.
  void add_below(const std::string& base, const std::string& relative);

  const std::vector<FoundKey>& found() const { return found_; }
  std::size_t files() const { return files_; }  // that were searched
  // What was left out and why, such as "2 files over 1 MiB"; empty if nothing.
  std::string left_out() const;

 private:
  void search(int parent, const std::string& name, const std::string& path, std::size_t depth,
              bool is_start);
  void search_directory(int directory, const std::string& path, std::size_t depth);
  void search_file(int file, const std::string& path, std::size_t size);
  bool has_stopped();

  ScanLimits limits_;
  const Clock& clock_;
  std::chrono::steady_clock::time_point end_;
  std::vector<FoundKey> found_;
  std::string stopped_;  // which limit was reached; empty: none
  dev_t device_ = 0;
  std::size_t entries_ = 0;
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
  std::size_t too_large_ = 0;
  std::size_t too_deep_ = 0;
  std::size_t unreadable_ = 0;
  std::size_t mounted_ = 0;
};

}  // namespace rolecall::doctor
