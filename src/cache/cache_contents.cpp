// What is in the cache's directory, for commands that show or empty it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor_io.h"
#include "base/file_trust.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/cache_lock.h"
#include "cache/entry_files.h"
#include "rolecall/error.h"

namespace rolecall::aws {

// The names of all files with this suffix, without the suffix, whether the files are valid or not.
std::vector<std::string> Cache::names(std::string_view suffix) const {
  std::vector<std::string> found;
  for (std::string& name : names_in(opened_.fd())) {
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
    if (is_entry_name(name)) found.push_back(std::move(name));
  }
  return found;
}

std::vector<CacheEntry> Cache::entries() const {
  std::vector<CacheEntry> found;
  for (const std::string& name : names(entry_suffix)) {
    auto entry = read(name);
    if (entry && is_valid(*entry)) found.push_back(std::move(*entry));
  }
  std::sort(found.begin(), found.end(), [](const CacheEntry& a, const CacheEntry& b) {
    return a.credentials.expiration < b.credentials.expiration;
  });
  return found;
}

// `why` is empty if a run can use the entry, or if the file is no longer there.
UselessEntry Cache::fault_of(const std::string& name) const {
  const std::string file = name + entry_suffix;
  UselessEntry found{cat(directory_, "/", file), {}};
  struct stat info {};
  if (fstatat(opened_.fd(), file.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return found;
  const auto entry = read(name);
  if (entry && is_valid(*entry)) return found;
  if (entry) {
    found.has_expired = entry->credentials.expiration <= clock_.wall_seconds();
    found.why = found.has_expired ? "has expired" : "was written while the clock was wrong";
  } else if (!S_ISREG(info.st_mode)) {
    found.why = "is not a regular file";
  } else if (info.st_uid != geteuid()) {
    found.why = cat("belongs to user ", info.st_uid);
  } else if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    found.why = cat("has mode ", mode_text(info.st_mode), ": other users may have read it");
  } else if (exists(file)) {
    found.why = "is damaged";
  }
  return found;
}

std::vector<UselessEntry> Cache::useless_entries() const {
  std::vector<UselessEntry> found;
  for (const std::string& name : names(entry_suffix)) {
    UselessEntry one = fault_of(name);
    if (!one.why.empty()) found.push_back(std::move(one));
  }
  return found;
}

void Cache::clear() const {
  int error = 0;
  std::string not_removed;
  const auto remove = [&](const std::string& file) {
    if (unlinkat(opened_.fd(), file.c_str(), 0) == 0 || errno == ENOENT) return;
    error = errno;
    not_removed = file;
  };
  for (const std::string& name : names(entry_suffix))
    remove(name + entry_suffix);
  for (const std::string& name : names(new_suffix)) {
    CacheLock lock(opened_.fd(), name);
    if (lock.try_lock())
      remove(name + new_suffix);  // if not, its writer still runs and will remove it
  }
  remove_expired();
  if (not_removed.empty()) return;
  throw Error(ErrorKind::failed,
              "cannot remove " + directory_ + "/" + not_removed + ": " + std::strerror(error),
              "the credentials in it are valid until they expire");
}

}  // namespace rolecall::aws
