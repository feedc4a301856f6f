// Changes a text file that other programs may read at any time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file_role.h"
#include "base/safe_directory.h"
#include "rolecall/reporter.h"
#include "rolecall/secret.h"

namespace rolecall {

class NewFile;

// A locked file: while this object lives, no other rolecall process changes the file.
class LockedFile {
 public:
  // Opens the file's directory as SafeDirectory does. Waits up to ten seconds for the lock, which
  // is a file ".NAME.rolecall-lock" beside the file; if the process that holds the lock dies, the
  // lock is free. If the lock file cannot be used, because it belongs to another user or because
  // the directory cannot be written to, the file itself is locked. Then removes what killed writers
  // left behind.
  //
  // Throws Error (usage) if the file is not regular, if everybody can write to it, or if it
  // belongs neither to root nor to this user (nor to the user whose rights root has taken). Throws
  // Error (try_later) if another process keeps the lock.
  LockedFile(const FileRole& role, const std::string& path, const Reporter& reporter,
             const Clock& clock = machine_clock());

  // The content of the file, as read_text_file returns it.
  Secret read() const;

  // Replaces the content with `bytes` in one step (a new file beside it, fsync, rename, fsync of
  // the directory), so that readers see either the old or the new content. Mode, owner and access
  // control list stay. A file that did not exist gets mode 0600. If the file can be written to but
  // not replaced (it is a mount point, or its directory cannot be written to), it is written in
  // place, with a warning. Throws Error, and then the old content is unchanged: usage if the file
  // may not be written, try_later if the disk is full.
  void replace(std::string_view bytes) const;

  // Copies the file to its name plus ".rolecall-backup-" and the time. If that file exists, the
  // copy's name also gets ".2", ".3" and so on. The mode of the copy is 0600. Returns the path of
  // the copy. Throws as replace() does.
  std::string back_up(std::chrono::sys_seconds now) const;
  // Removes a copy that is not needed after all.
  void remove_copy(const std::string& path) const;

  // The path of the file after all symbolic links.
  std::string target() const { return directory_.path_of(directory_.name()); }
  // 0 if the file does not exist.
  mode_t mode() const;

 private:
  std::string what() const { return std::string(role_.what) + " " + target(); }
  Descriptor open_file() const;
  void check_owner_and_mode(const struct stat& info) const;
  std::string why_lock_is_unusable(const std::string& name, int error) const;
  Descriptor open_lock_file(const std::string& name);
  void lock_the_file_itself(const Clock& clock);
  void wait_for_lock(int lock, const std::string& path, const Clock& clock) const;
  void give_to_owner(int descriptor) const;
  void remove_stale() const;
  void write_to(const NewFile& file, std::string_view bytes) const;
  void write_in_place(std::string_view bytes, const char* why) const;
  void overwrite(int file, std::string_view bytes) const;

  FileRole role_;
  Reporter reporter_;
  SafeDirectory directory_;
  Descriptor lock_;  // never deleted: another process may wait for this very file
  Descriptor file_;  // not open: the file does not exist yet
};

enum class FileTrust {
  any,
  needed,  // refuses a file that other users own or can write: root's files are trusted too
};

// The content of a regular file of at most 16 MiB; empty if it does not exist. Throws Error
// (usage).
Secret read_text_file(const FileRole& role, const std::string& path,
                      FileTrust trust = FileTrust::any);

}  // namespace rolecall
