// A new file that is written beside another file and then replaces it.
#pragma once

#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace rolecall {

// The destructor deletes the file, unless keep() or replace() succeeded. The mode of the file is
// 0600.
class NewFile {
 public:
  // Creates the file `name`, which must not exist, in the directory that `directory` is open for
  // (with or without O_PATH). If this fails, error() is an errno.
  NewFile(int directory, std::string name);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int error() const { return error_; }
  int descriptor() const { return file_.fd(); }
  const std::string& name() const { return name_; }

  // The next functions return 0, or an errno if they fail.
  [[nodiscard]] int write(std::string_view bytes) const;
  // Flushes the file to the disk. The file stays under its own name.
  [[nodiscard]] int keep();
  // Replaces the file `name` with this file in one step: readers see the old file or the new one.
  // With Flush::yes, that also holds after a crash of the machine. EBUSY: something is mounted at
  // `name`.
  enum class Flush { yes, no };
  [[nodiscard]] int replace(const std::string& name, Flush flush = Flush::yes);

 private:
  int directory_;
  std::string name_;
  Descriptor file_;
  int error_;
  bool is_kept_ = false;
};

// Replaces the content of the file `name` with `bytes`, by a NewFile whose name is `temporary_name`
// until then. Only for a directory that belongs to this user only: a file `temporary_name` is
// deleted first, because only a killed process can have left it. Nothing is flushed to the disk,
// because a credential request waits for this: after a crash of the machine, the file may be empty,
// and its readers must treat it like a missing one. Returns 0, or an errno if it fails.
[[nodiscard]] int replace_file(int directory, const std::string& name,
                               const std::string& temporary_name, std::string_view bytes);

}  // namespace rolecall
