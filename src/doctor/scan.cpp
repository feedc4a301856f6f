#include "doctor/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "base/descriptor.h"
#include "base/text.h"
#include "rolecall/secret.h"

namespace rolecall::doctor {
namespace {

// A file that has a NUL character near its beginning is no text.
constexpr std::size_t looked_at_for_nul = 4096;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

std::string counted(std::size_t count, const char* one, const char* several) {
  return cat(count, ' ', count == 1 ? one : several);
}

}  // namespace

bool Scan::has_stopped() {
  if (!stopped_.empty()) return true;
  if (entries_ >= limits_.entries) {
    stopped_ = cat("after ", entries_, " entries");
  } else if (bytes_ >= limits_.bytes) {
    stopped_ = cat("after ", bytes_ >> 20U, " MiB");
  } else if (found_.size() >= limits_.found) {
    stopped_ = cat("after ", found_.size(), " keys");
  } else if (clock_.steady() >= end_) {
    stopped_ = cat("after ", limits_.time.count() / 1000, " s");
  }
  return !stopped_.empty();
}

void Scan::add(const std::string& path) {
  search(AT_FDCWD, path, path, 0, true);
}

void Scan::add_below(const std::string& base, const std::string& relative) {
  Descriptor directory(open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::string path = base;
  std::string_view rest = relative;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos;
       slash = rest.find('/')) {
    if (!directory.is_open()) return;
    const std::string name(rest.substr(0, slash));
    directory = Descriptor(
        openat(directory.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    path += "/" + name;
    rest.remove_prefix(slash + 1);
  }
  struct stat info {};
  const std::string name(rest);
  // Whatever is not a directory or a file here is of no interest, even if it is a mistake.
  if (!directory.is_open() || has_stopped() ||
      fstatat(directory.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  device_ = info.st_dev;
  search(directory.fd(), name, cat(path, "/", name), 1, false);
}

void Scan::search(int parent, const std::string& name, const std::string& path, std::size_t depth,
                  bool is_start) {
  if (has_stopped()) return;
  ++entries_;
  const int follow = is_start ? 0 : O_NOFOLLOW;
  struct stat info {};
  // The kind is looked at before anything is opened: opening a device can have effects.
  if (fstatat(parent, name.c_str(), &info, is_start ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
    ++unreadable_;
    return;
  }
  if (is_start) device_ = info.st_dev;
  const bool is_directory = S_ISDIR(info.st_mode);
  if (!is_directory && !S_ISREG(info.st_mode)) return;
  if (info.st_dev != device_) {
    ++mounted_;
    return;
  }
  if (is_directory && depth >= limits_.depth) {
    ++too_deep_;
    return;
  }
  // The entry may be another one by now: so no link, and no wait for a pipe.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow;
  Descriptor opened(openat(parent, name.c_str(), is_directory ? flags | O_DIRECTORY : flags));
  if (!opened.is_open() || fstat(opened.fd(), &info) != 0) {
    ++unreadable_;
    return;
  }
  if (S_ISDIR(info.st_mode)) return search_directory(opened.release(), path, depth);
  if (S_ISREG(info.st_mode)) search_file(opened.fd(), path, static_cast<std::size_t>(info.st_size));
}

void Scan::search_directory(int directory, const std::string& path, std::size_t depth) {
  const std::unique_ptr<DIR, CloseDirectory> entries(fdopendir(directory));
  if (!entries) {
    close(directory);
    ++unreadable_;
    return;
  }
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const bool ends_in_slash = path.ends_with('/');
    search(directory, std::string(name), cat(path, ends_in_slash ? "" : "/", name), depth + 1,
           false);
    if (has_stopped()) return;
  }
}

void Scan::search_file(int file, const std::string& path, std::size_t size) {
  if (size > limits_.file_size) {
    ++too_large_;
    return;
  }
  Secret text;  // it may contain secret keys
  text.resize(size);
  std::size_t read_so_far = 0;
  while (read_so_far < size) {
    const ssize_t got = read(file, text.data() + read_so_far, size - read_so_far);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ++unreadable_;
    if (got <= 0) break;
    read_so_far += static_cast<std::size_t>(got);
  }
  bytes_ += read_so_far;
  ++files_;
  const std::string_view content = text.view().substr(0, read_so_far);
  if (content.substr(0, looked_at_for_nul).find('\0') != std::string_view::npos) return;
  for (KeyId& id : key_ids_in(content))
    if (found_.size() < limits_.found) found_.push_back({path, std::move(id)});
}

std::string Scan::left_out() const {
  std::vector<std::string> parts;
  if (!stopped_.empty()) parts.push_back("the scan stopped " + stopped_);
  if (too_large_ > 0) {
    parts.push_back(counted(too_large_, "file", "files") +
                    cat(" over ", limits_.file_size >> 20U, " MiB skipped"));
  }
  if (too_deep_ > 0) parts.push_back(counted(too_deep_, "directory", "directories") + " too deep");
  if (unreadable_ > 0) parts.push_back(cat(unreadable_, " unreadable"));
  if (mounted_ > 0)
    parts.push_back(counted(mounted_, "mount point", "mount points") + " not entered");
  return join(parts, ", ");
}

}  // namespace rolecall::doctor
