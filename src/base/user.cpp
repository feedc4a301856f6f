#include "base/user.h"

#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace rolecall {

std::string home_of_user() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr || user->pw_dir == nullptr ? "" : user->pw_dir;
}

std::optional<uid_t> user_number(const std::string& name) {
  passwd user{};
  passwd* found = nullptr;
  std::vector<char> texts(1024);
  while (getpwnam_r(name.c_str(), &user, texts.data(), texts.size(), &found) == ERANGE)
    texts.resize(2 * texts.size());
  return found == nullptr ? std::nullopt : std::optional(found->pw_uid);
}

std::string name_of_user() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr || user->pw_name == nullptr ? "" : user->pw_name;
}

std::string host_name() {
  utsname machine{};
  return uname(&machine) == 0 ? machine.nodename : "";
}

}  // namespace rolecall
