#include "base/safe_directory.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_trust.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr int max_links = 40;  // the kernel's own limit

std::deque<std::string> parts_of(const std::string& path) {
  std::deque<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

}  // namespace

SafeDirectory::SafeDirectory(const FileRole& role, const std::string& path,
                             const Reporter& reporter, Walk walk)
    : role_(role), reporter_(reporter), requested_path_(path), walk_(walk), user_(geteuid()) {
  const std::string last = path.substr(path.rfind('/') + 1);
  if (walk_ != Walk::to_file || (!last.empty() && last != ".")) {
    start_at(path.starts_with('/') ? "/" : ".");
    follow(parts_of(path));
  }
  if (walk_ == Walk::to_file && name_.empty()) {
    throw Error(ErrorKind::usage, cat(role.what, " ", path, " is a directory"));
  }
}

bool SafeDirectory::trusts_owner(uid_t owner) const {
  return owner == 0 || owner == user_ || (user_ == 0 && only_we_can_write_);
}

void SafeDirectory::follow(std::deque<std::string> rest) {
  while (!rest.empty()) {
    const std::string part = std::move(rest.front());
    rest.pop_front();
    const bool is_file = walk_ == Walk::to_file && rest.empty() && part != "..";
    if (!is_file && enter(part, rest.empty())) continue;
    const std::optional<std::string> target = link_target(part);
    if (!target && is_file) {
      name_ = part;
      return;
    }
    if (!target) fail_on_file(role_, ENOTDIR, "cannot open directory " + path_of(part));
    if (target->starts_with('/')) start_at("/");
    std::deque<std::string> more = parts_of(*target);
    rest.insert(rest.begin(), more.begin(), more.end());
  }
}

void SafeDirectory::start_at(const char* path) {
  Descriptor next(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!next.is_open()) fail_on_file(role_, errno, cat("cannot open directory ", path));
  directory_ = std::move(next);
  path_ = *path == '/' ? "/" : "";
  only_we_can_write_ = true;
  check_rights(path);
}

// Returns false and changes nothing if `name` is not a directory.
bool SafeDirectory::enter(const std::string& name, bool is_last) {
  constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (name == ".." && depth_ && *depth_ == 0) {
    throw Error(ErrorKind::usage,
                cat("the path of ", role_.what, " ", requested_path_, " leads out of ", path(),
                    ", and other users can change the path there"),
                "name the file by a path without links and without \"..\"");
  }
  Descriptor next(openat(fd(), name.c_str(), flags));
  const bool is_made = walk_ == Walk::to_file || walk_ == Walk::to_directory_create_parents ||
                       (walk_ == Walk::to_directory_create && is_last);
  if (!next.is_open() && errno == ENOENT && is_made) {
    if (mkdirat(fd(), name.c_str(), S_IRWXU) != 0 && errno != EEXIST)
      fail_on_file(role_, errno, "cannot make directory " + path_of(name));
    next = Descriptor(openat(fd(), name.c_str(), flags));
  }
  if (!next.is_open() && (errno == ENOTDIR || errno == ELOOP)) return false;
  if (!next.is_open()) fail_on_file(role_, errno, "cannot open directory " + path_of(name));
  directory_ = std::move(next);
  const std::string path = path_of(name);
  append_to_path(name);
  if (depth_) *depth_ += name == ".." ? -1 : 1;
  check_rights(path);
  return true;
}

// The parent of the root directory is the root directory.
void SafeDirectory::append_to_path(const std::string& name) {
  if (name != ".." || path_.empty() || path_.ends_with("../")) {
    path_ += name + "/";
  } else if (path_ != "/") {
    path_.pop_back();
    path_.resize(path_.rfind('/') + 1);  // empty if there is no other "/"
  }
}

// Finds out what the directory that was just opened means for everything below it.
void SafeDirectory::check_rights(const std::string& path) {
  struct stat info {};
  if (fstat(fd(), &info) != 0) fail_on_file(role_, errno, "cannot read the attributes of " + path);
  if (user_ == 0 && info.st_uid != 0 && is_known_user(info.st_uid)) take_rights(info.st_uid, path);
  const bool ours = info.st_uid == 0 || info.st_uid == user_;
  const bool open_to_others = others_can_write(info);
  const bool sticky = (info.st_mode & S_ISVTX) != 0;
  if (!depth_ && (!ours || (open_to_others && !sticky))) depth_ = 0;
  only_we_can_write_ = !depth_ && !open_to_others;
}

// Returns nothing if `name` is not a symbolic link.
std::optional<std::string> SafeDirectory::link_target(const std::string& name) {
  const Descriptor link(openat(fd(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!link.is_open() && errno == ENOENT) return {};
  struct stat info {};
  if (!link.is_open() || fstat(link.fd(), &info) != 0)
    fail_on_file(role_, errno, "cannot read the attributes of " + path_of(name));
  if (!S_ISLNK(info.st_mode)) {
    const bool is_foreign = S_ISREG(info.st_mode) && !trusts_owner(info.st_uid);
    if (is_foreign && user_ == 0 && is_known_user(info.st_uid))
      take_rights(info.st_uid, path_of(name));
    return {};
  }
  if (++links_ > max_links)
    fail_on_file(role_, ELOOP, "cannot follow the links at " + requested_path_);
  const std::string what = "symbolic link " + path_of(name) + " is not followed: ";
  if (info.st_uid != 0 && info.st_uid != user_) {
    throw Error(ErrorKind::usage, cat(what, "it belongs to user ", info.st_uid),
                "if you trust that user, name the file that the link leads to");
  }
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlinkat(link.fd(), "", target.data(), target.size());
  if (size < 0) fail_on_file(role_, errno, "cannot read symbolic link " + path_of(name));
  target.resize(static_cast<std::size_t>(size));
  if (depth_ && target.starts_with('/')) {
    throw Error(
        ErrorKind::usage, what + "other users can change this link, and it leads to " + target,
        "name the file that the link leads to, or remove the right of other users to write to the "
        "link's directory");
  }
  return target;
}

void SafeDirectory::take_rights(uid_t owner, const std::string& path) {
  const bool could_be_swapped = !only_we_can_write_;
  rights_ = std::make_unique<ActingAs>(owner);
  user_ = owner;
  if (!could_be_swapped) return;
  reporter_.warning(
      cat(path, " belongs to user ", owner,
          ", and is in a directory that users other than root can write to: that user can "
          "read what is written"));
}

bool SafeDirectory::others_can_write(const struct stat& info) const {
  const std::string opened = cat("/proc/self/fd/", fd());  // because fd() is open with O_PATH
  return other_writers(info, opened, user_) != OtherWriters::none;
}

}  // namespace rolecall
