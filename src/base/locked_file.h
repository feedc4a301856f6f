// Changing a text file that others read at any time.
#pragma once

#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/file_role.h"
#include "base/safe_directory.h"
#include "rolecall/reporter.h"
#include "rolecall/secret.h"

namespace rolecall {

class NewFile;

// A file while no other rolecall process may change it.
class LockedFile {
 public:
  // Opens its directory as SafeDirectory does, and waits up to ten seconds for the lock, a file
  // ".NAME.rolecall-lock" beside it; a holder that dies frees it. If that cannot be had, since it
  // is another user's or the directory cannot be written to, the file itself is locked. Also
  // removes what writers that were killed left behind. Throws Error: usage if it is no regular
  // file, if it can be written by everybody, or if it is neither root's nor this user's (nor that
  // of the user whose rights root has taken); try_later if the lock stays taken.
  LockedFile(const FileRole& role, const std::string& path, const Reporter& reporter);

  // As read_text_file.
  Secret read() const;

  // Puts `bytes` in its place in one step (write beside it, fsync, rename, fsync of the directory):
  // readers see the old or the new one. Mode, owner and access control list stay; a new file gets
  // 0600. A file that can be written, but not replaced (it is mounted, or its directory cannot be
  // written to) is written in place, with a warning. Throws Error, and then the old file stands
  // untouched: usage for what may not be written, try_later for a full disk.
  void replace(std::string_view bytes) const;

  // Copies it to its own name with `suffix`, and with ".2", ".3", … behind that where a copy is
  // there already; with mode 0600. Returns the copy's path. Throws as replace.
  std::string back_up(const std::string& suffix) const;
  // One that is not needed after all.
  void remove_copy(const std::string& path) const;

  // The path behind all links.
  std::string target() const { return directory_.path_of(directory_.name()); }
  // 0 where there is none.
  mode_t mode() const;

 private:
  std::string what() const { return std::string(role_.what) + " " + target(); }
  Descriptor open_file() const;
  void check_owner_and_mode(const struct stat& info) const;
  std::string why_lock_is_unusable(const std::string& name, int error) const;
  Descriptor open_lock_file(const std::string& name);
  void lock_the_file_itself();
  void wait_for_lock(int lock, const std::string& path) const;
  void give_to_owner(int descriptor) const;
  void remove_stale() const;
  void write_to(const NewFile& file, std::string_view bytes) const;
  void write_in_place(std::string_view bytes, const char* why) const;
  void overwrite(int file, std::string_view bytes) const;

  FileRole role_;
  Reporter reporter_;
  SafeDirectory directory_;
  Descriptor lock_;  // its file stays: who takes it away could take it from under one who waits
  Descriptor file_;  // not open: there is none yet
};

// The whole of a regular file of at most 16 MiB; empty where there is none. Throws Error (usage).
Secret read_text_file(const FileRole& role, const std::string& path);

}  // namespace rolecall
