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
  // Flushes the file to the disk and replaces the file `name` with it in one step: readers see the
  // old file or the new one, also after a crash. EBUSY: something is mounted at `name`.
  [[nodiscard]] int replace(const std::string& name);

 private:
  int finish();

  int directory_;
  std::string name_;
  Descriptor file_;
  int error_;
  bool stays_ = false;
};

// Replaces the content of the file `name` with `bytes`, by a NewFile whose name is `temporary_name`
// until then. Only for a directory that belongs to this user alone: a file `temporary_name` is
// deleted first, because only a killed process can have left it. Returns 0, or an errno if it
// fails.
[[nodiscard]] int replace_file(int directory, const std::string& name,
                               const std::string& temporary_name, std::string_view bytes);

}  // namespace rolecall
