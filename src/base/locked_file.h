// Changing a text file that others read at any time.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/secret.h"

namespace rolecall {

// What a file is, for messages.
struct FileRole {
  const char* what;      // "credentials file"
  const char* variable;  // the environment variable that names another one
};

// A file while no other rolecall process may change it.
class LockedFile {
 public:
  // Follows symbolic links, makes missing directories (0700), and waits up to ten seconds for the
  // lock, a file ".NAME.rolecall-lock" beside the target. A holder that dies frees it. Also removes
  // what writers that were killed left behind. Throws Error: usage where the directory cannot be
  // written to, try_later where the lock stays taken.
  LockedFile(const FileRole& role, const std::string& path);
  ~LockedFile();
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  // As read_text_file.
  Secret read() const;

  // Puts `bytes` in its place in one step (write beside it, fsync, rename, fsync of the directory):
  // readers see the old or the new one. Mode, owner and access control list stay; a new file gets
  // 0600. Throws Error, and then the old file stands untouched: usage for what may not be written,
  // try_later for a full disk.
  void replace(std::string_view bytes) const;

  // Copies it to its own name with `suffix`, and with ".2", ".3", … behind that where a copy is
  // there already; with mode 0600. Returns the copy's path. Throws as replace.
  std::string back_up(const std::string& suffix) const;

  const std::string& target() const { return target_; }  // the path behind all links

 private:
  FileRole role_;
  std::string directory_;
  std::string name_;
  std::string target_;  // directory_ + name_
  int lock_ = -1;
};

// The whole of a regular file of at most 16 MiB; empty where there is none. Throws Error (usage).
Secret read_text_file(const FileRole& role, const std::string& path);

}  // namespace rolecall
