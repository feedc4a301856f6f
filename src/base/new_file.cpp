#include "base/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/descriptor_io.h"

namespace rolecall {
namespace {

// Ignores errors: everybody can see the change already, and some file systems cannot sync a
// directory.
void sync_directory(int directory) {
  const Descriptor opened = reopen_directory(directory);
  if (opened.is_open()) fsync(opened.fd());
}

}  // namespace

NewFile::NewFile(int directory, std::string name)
    : directory_(directory),
      name_(std::move(name)),
      file_(openat(directory, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   S_IRUSR | S_IWUSR)),
      error_(file_.is_open() ? 0 : errno) {}

NewFile::~NewFile() {
  if (error_ == 0 && !is_kept_) unlinkat(directory_, name_.c_str(), 0);
}

int NewFile::write(std::string_view bytes) const {
  return write_bytes(file_.fd(), bytes);
}

int NewFile::keep() {
  return replace(name_);
}

int NewFile::replace(const std::string& name, Flush flush) {
  if (flush == Flush::yes && fsync(file_.fd()) != 0) return errno;
  // Some file systems report a full disk only with close.
  if (close(file_.release()) != 0) return errno;
  const bool is_renamed =
      name == name_ || renameat(directory_, name_.c_str(), directory_, name.c_str()) == 0;
  if (!is_renamed) return errno;
  is_kept_ = true;
  if (flush == Flush::yes) sync_directory(directory_);
  return 0;
}

int replace_file(int directory, const std::string& name, const std::string& temporary_name,
                 std::string_view bytes) {
  unlinkat(directory, temporary_name.c_str(), 0);
  NewFile file(directory, temporary_name);
  if (file.error() != 0) return file.error();
  const int error = file.write(bytes);
  return error != 0 ? error : file.replace(name, NewFile::Flush::no);
}

}  // namespace rolecall
