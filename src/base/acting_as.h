// Lets root act on another user's files with only that user's rights.
#pragma once

#include <sys/types.h>

#include <vector>

namespace rolecall {

// Whether the id stands for one user here. In a user namespace (a rootless container), the files of
// all users that the namespace does not map seem to have one owner. That owner can be anybody.
bool is_known_user(uid_t user);

// While this object lives, the thread that made it has the user's rights over files. For each path
// and file, the kernel checks the user's id and groups, and ignores root's capabilities over files.
class ActingAs {
 public:
  // Only root can do this. Throws Error (failed) if the kernel refuses.
  explicit ActingAs(uid_t user);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

  // While this object lives, the thread has root's own rights again.
  class Pause {
   public:
    explicit Pause(const ActingAs& rights);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    uid_t user_;
  };

 private:
  uid_t user_;
  std::vector<gid_t> own_groups_;
};

}  // namespace rolecall
