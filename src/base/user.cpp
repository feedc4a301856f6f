#include "base/user.h"

#include <pwd.h>
#include <unistd.h>

namespace rolecall {

std::string home_of_user() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr || user->pw_dir == nullptr ? "" : user->pw_dir;
}

}  // namespace rolecall
