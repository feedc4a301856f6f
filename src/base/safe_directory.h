// A directory in which files are to be written, opened in a way that nobody can turn elsewhere.
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

// What a path leads to, and which missing directories are made (with mode 0700).
enum class Walk {
  to_file,                  // all above it
  to_directory_making_all,  // itself and all above it
  to_directory_making_it,   // itself alone
  to_directory,             // none
};

// Walks a path once, directory by directory, and keeps the last one open: whatever is done relative
// to it stays in it, though paths change meanwhile.
//
// - A symbolic link is followed if it is root's or the user's own, and so is each directory on the
//   way, and nobody else can write to these (in a sticky directory others can make entries, but not
//   replace ours).
// - Below a directory that others can write to, or that is another user's, links are followed only
//   to what is below it too: who can write there can choose among that anyway. So a volume of
//   Kubernetes, which everybody in its pod can write to, works, and leads nowhere else.
// - Root that meets another user's directory takes that user's rights, for as long as this lives.
//   So it does for the file, unless only root could have put it there.
class SafeDirectory {
 public:
  // Throws Error, usage for a link that is not followed.
  SafeDirectory(const FileRole& role, const std::string& path, const Reporter& reporter,
                Walk walk = Walk::to_file);

  int fd() const { return directory_.fd(); }          // with O_PATH
  const std::string& name() const { return name_; }   // the file's in it, behind all links, if any
  const std::string& path() const { return shown_; }  // for messages, with a slash at its end
  std::string path_of(const std::string& name) const { return shown_ + name; }
  // Whether nobody but root and the user can change what is in it, or on the way to it.
  bool is_ours_alone() const { return ours_alone_; }
  // Whether a file in it can be the user's, and no trap of somebody else's.
  bool trusts_owner(uid_t owner) const;
  // The rights that root has taken; null for its own and for other users'.
  const ActingAs* rights() const { return rights_.get(); }

 private:
  void follow(std::deque<std::string> rest);
  void start_at(const char* path);
  bool enter(const std::string& name, bool is_last);
  void show(const std::string& name);
  void judge(const std::string& path);
  std::optional<std::string> link_target(const std::string& name);
  void take_rights(uid_t owner, const std::string& path);
  bool others_can_write(const struct stat& info) const;

  FileRole role_;
  Reporter reporter_;
  std::string asked_;
  Walk walk_;
  std::string shown_;
  std::string name_;
  Descriptor directory_;
  std::unique_ptr<ActingAs> rights_;
  uid_t user_;
  int links_ = 0;
  bool ours_alone_ = true;
  std::optional<int> depth_;  // below the first directory that others rule
};

}  // namespace rolecall
