// Opens the directory of files that are to be written, in a way that no other user can redirect.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/acting_as.h"
#include "base/descriptor.h"
#include "base/file_role.h"
#include "rolecall/reporter.h"

struct stat;

namespace rolecall {

// What a path leads to, and which missing directories are created (with mode 0700).
enum class Walk {
  to_file,                      // creates all directories above the file
  to_directory_create_parents,  // creates the directory and all above it
  to_directory_create,          // creates only the directory itself
  to_directory,                 // creates nothing
};

// Walks along a path once, directory by directory, and keeps the last directory open. What is done
// relative to this descriptor stays in that directory, even if paths change meanwhile.
//
// - A symbolic link is followed if root or the user owns the link and each directory on the way,
//   and if nobody else can write to these directories. (In a sticky directory, others can create
//   entries but cannot replace ours.)
// - Below a directory that others can write to, or that another user owns, a link is followed only
//   to something below that directory. Anyone who can write there can choose among these files
//   anyway. So a Kubernetes volume, which everybody in its pod can write to, works and leads
//   nowhere else.
// - If root meets a directory of another user, it takes that user's rights while this object lives.
//   Root does the same for a file of another user, unless only root can have put the file there.
class SafeDirectory {
 public:
  // Throws Error; its kind is usage if a link is not followed.
  SafeDirectory(const FileRole& role, const std::string& path, const Reporter& reporter,
                Walk walk = Walk::to_file);

  int fd() const { return directory_.fd(); }         // opened with O_PATH
  const std::string& name() const { return name_; }  // the file's name, after all links
  const std::string& path() const { return path_; }  // for messages; ends with a slash
  std::string path_of(const std::string& name) const { return path_ + name; }
  // Whether only root and the user can change what is in the directory, or on the way to it.
  bool only_we_can_write() const { return only_we_can_write_; }
  // Whether a file of `owner` in the directory can be the user's, and was not put there by another
  // user as a trap.
  bool trusts_owner(uid_t owner) const;
  // The rights that root has taken; nullptr if it took none, or if root does not run this.
  const ActingAs* rights() const { return rights_.get(); }

 private:
  void follow(std::deque<std::string> rest);
  void start_at(const char* path);
  bool enter(const std::string& name, bool is_last);
  void append_to_path(const std::string& name);
  void check_rights(const std::string& path);
  std::optional<std::string> link_target(const std::string& name);
  void take_rights(uid_t owner, const std::string& path);
  bool others_can_write(const struct stat& info) const;

  FileRole role_;
  Reporter reporter_;
  std::string requested_path_;
  Walk walk_;
  std::string path_;
  std::string name_;
  Descriptor directory_;
  std::unique_ptr<ActingAs> rights_;
  uid_t user_;
  int links_ = 0;
  bool only_we_can_write_ = true;
  std::optional<int> depth_;  // levels below the first directory that others can change
};

}  // namespace rolecall
