// A file that is made beside another one, to take its place.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/safe_directory.h"

namespace rolecall {

// Gone at its end, unless it was kept or placed. Its mode is 0600.
class NewFile {
 public:
  // Makes it under a name that nothing has. If it cannot be made, error() is an errno.
  NewFile(const FileRole& role, const SafeDirectory& directory, std::string name);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int error() const { return error_; }
  int descriptor() const { return file_.fd(); }
  const std::string& name() const { return name_; }

  // These throw Error.
  void write(std::string_view bytes) const;
  // Gives it owner, group, mode and access control list of the file that `old` is open for.
  void take_after(int old) const;
  // Writes it to the disk, where it stays by its own name.
  void keep();
  // Likewise, by `name`. False: a file is mounted there, and cannot be replaced.
  bool place(const std::string& name);

 private:
  bool take_owner(const struct stat& old) const;
  void take_access_control_list(int old) const;
  std::string path() const { return directory_.path_of(name_); }

  const FileRole& role_;
  const SafeDirectory& directory_;
  std::string name_;
  Descriptor file_;
  int error_;
  bool stays_ = false;
};

// What stands before the random characters in the name of a file that is to take the place of
// `name`; their count.
std::string new_file_prefix(const std::string& name);
inline constexpr std::size_t random_characters = 6;
// A whole name of that kind.
std::string new_file_name(const std::string& name);

}  // namespace rolecall
