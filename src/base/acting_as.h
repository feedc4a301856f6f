// Root's way to do with another user's files what that user could do, and no more.
#pragma once

#include <sys/types.h>

#include <vector>

namespace rolecall {

// Whether the id means a user here. In a user namespace (a container without root) the files of all
// users whom it does not know look like those of one, who can be anybody.
bool is_known_user(uid_t user);

// Takes a user's rights over files from its construction to its end, for the thread that made it:
// the user's id and groups count for each path and file, and the kernel sets root's capabilities
// over files aside.
class ActingAs {
 public:
  // Only root can. Throws Error (failed) where the kernel does not let it.
  explicit ActingAs(uid_t user);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

  // Root's own rights until its end.
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
