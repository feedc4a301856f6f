// A file that is made beside another one, to take its place.
#pragma once

#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace rolecall {

// Is removed at its end, unless it was kept or took a place. Its mode is 0600.
class NewFile {
 public:
  // Makes it in the directory that `directory` is open for, with O_PATH or otherwise, under a name
  // that nothing has. If it cannot be made, error() is an errno.
  NewFile(int directory, std::string name);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int error() const { return error_; }
  int descriptor() const { return file_.fd(); }
  const std::string& name() const { return name_; }

  // These return 0 or an errno.
  [[nodiscard]] int write(std::string_view bytes) const;
  // Writes it to the disk, where it stays under its own name.
  [[nodiscard]] int keep();
  // Writes it to the disk and puts it in the place of the file `name` in one step: readers see the
  // old one or the new one, also after a crash. EBUSY: something is mounted there.
  [[nodiscard]] int replace(const std::string& name);

 private:
  int finish();

  int directory_;
  std::string name_;
  Descriptor file_;
  int error_;
  bool stays_ = false;
};

// Puts `bytes` in the place of the file `name`, by a NewFile that is called `made_as` meanwhile.
// For a directory of this user's own: what has that name is removed, as it was left by a process
// that was killed. Returns 0 or an errno.
[[nodiscard]] int replace_file(int directory, const std::string& name, const std::string& made_as,
                               std::string_view bytes);

}  // namespace rolecall
