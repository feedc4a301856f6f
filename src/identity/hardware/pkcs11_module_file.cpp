#include "identity/hardware/pkcs11_module_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <list>

#include "base/file_trust.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::identity::pkcs11 {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // the limit of the Linux kernel

// `remedy` is another thing to do than to use another module.
[[noreturn]] void refuse(const std::string& path, const std::string& why,
                         const std::string& remedy = {}) {
  throw Error(
      ErrorKind::usage,
      "PKCS#11 module " + path + " is not loaded, because another user could change it: " + why,
      "a module is code that runs with your rights. Use a module in a directory of the system" +
          (remedy.empty() ? "" : ", or " + remedy));
}

// `shown` is the path that the user gave, for messages. `at` is the part of the path to check.
void check(const std::string& shown, const fs::path& at, const struct stat& info, bool is_last) {
  const uid_t user = geteuid();
  const std::string word = shell_word(at.string());
  if (const std::string owner = untrusted_owner_text(info.st_uid, user); !owner.empty())
    refuse(shown, at.string() + " " + owner,
           cat("run chown root ", word, " and chmod go-w ", word));
  const bool is_sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0 && !is_last;
  if (S_ISLNK(info.st_mode) || is_sticky) return;
  const std::string remedy = "run chmod go-w " + word;
  switch (other_writers(info, at, user)) {
    case OtherWriters::everybody:
      refuse(shown, "every user can write to " + at.string(), remedy);
    case OtherWriters::group:
      refuse(shown,
             cat("others in a group (", info.st_gid, ") or an access control list can write to ",
                 at.string()),
             remedy);
    case OtherWriters::none:
      return;
  }
}

struct stat look_at(const std::string& shown, const fs::path& at) {
  struct stat info {};
  if (lstat(at.c_str(), &info) == 0) return info;
  throw Error(
      ErrorKind::usage, "PKCS#11 module " + shown + " cannot be loaded: " + std::strerror(errno),
      "`pkcs11-lib` takes the path of a module; without `pkcs11-lib`, rolecall uses the modules "
      "that p11-kit list-modules shows");
}

}  // namespace

std::string trusted_module_file(const std::string& path) {
  if (path.find('/') == std::string::npos) return path;
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  if (error) refuse(path, "the working directory is not there: " + error.message());
  std::list<fs::path> rest(whole.begin(), whole.end());
  fs::path at;
  for (int links = 0; !rest.empty();) {
    const fs::path part = rest.front();
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    const fs::path next = part == ".." ? at.parent_path() : at / part;
    const struct stat info = look_at(path, next);
    check(path, next, info, false);
    if (!S_ISLNK(info.st_mode)) {
      at = next;
      continue;
    }
    if (++links > most_links) refuse(path, next.string() + " is a link to itself");
    const fs::path target = fs::read_symlink(next, error);
    if (error) refuse(path, next.string() + " cannot be read: " + error.message());
    rest.insert(rest.begin(), target.begin(), target.end());
    if (target.is_absolute()) at.clear();
  }
  // The loader also searches for other libraries in a module's own folder. So for that folder,
  // sticky is not enough.
  check(path, at.parent_path(), look_at(path, at.parent_path()), true);
  return at.string();
}

}  // namespace rolecall::identity::pkcs11
