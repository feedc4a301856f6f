#include "serve/token_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/codec.h"
#include "base/descriptor_io.h"
#include "base/file_trust.h"
#include "base/files.h"
#include "base/new_file.h"
#include "base/safe_directory.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::serve {
namespace {

constexpr std::size_t file_token_size = 64;  // 256 bits in hex
constexpr std::size_t longest_file = 4096;
constexpr const char* uri_suffix = ".uri";

[[noreturn]] void fail(int error, const std::string& what) {
  if (error == ENOSPC || error == EDQUOT) {
    throw Error(ErrorKind::try_later, what + ": " + std::strerror(error),
                "free space on that disk, or name another directory with `token-dir`");
  }
  throw Error(ErrorKind::usage, what + ": " + std::strerror(error),
              "with `token-dir`, name a directory that belongs to this user");
}

// Why a user other than the owner could decide what is in the directory; empty if nobody could.
std::string directory_fault(int directory, uid_t user) {
  struct stat info {};
  if (fstat(directory, &info) != 0) return std::strerror(errno);
  if (const std::string owner = untrusted_owner_text(info.st_uid, user); !owner.empty())
    return "it " + owner;
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "other users can write to it";
  return {};
}

// A symbolic link of another user would lead to a directory that this user chooses.
Descriptor open_directory(const std::string& path, const std::string& what, const char* hint,
                          Walk walk) {
  const FileRole role{"token directory", "`token-dir`"};
  try {
    const SafeDirectory walked(role, path, {}, walk);
    std::string fault = directory_fault(walked.fd(), geteuid());
    if (fault.empty() && walked.rights() != nullptr) fault = "it is in a directory of another user";
    if (!fault.empty()) throw Error(ErrorKind::usage, fault);
    Descriptor directory = reopen_directory(walked.fd());
    if (!directory.is_open()) throw Error(ErrorKind::usage, std::strerror(errno));
    return directory;
  } catch (const Error& error) {
    throw Error(error.kind(), what + ": " + error.what(),
                error.kind() == ErrorKind::try_later ? error.hint() : hint);
  }
}

Descriptor open_file(int directory, const std::string& name) {
  return Descriptor(
      openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

void write_file(int directory, const std::string& path, const std::string& name,
                std::string_view content) {
  const int error = replace_file(directory, name, name + ".new", content);
  if (error != 0) fail(error, cat("cannot write ", path, "/", name));
}

bool is_token(std::string_view text) {
  return text.size() == file_token_size && only(text, lower_hex_digits);
}

// Empty if the file cannot be read or is too long.
Secret read_all(int file) {
  Secret text;
  return read_whole(file, longest_file, text) == 0 ? std::move(text) : Secret();
}

// Empty if the file has no token, or if another user could have read or written the file.
Secret read_token(int file) {
  struct stat info {};
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {};
  }
  Secret token = read_all(file);
  return is_token(token.view()) ? std::move(token) : Secret();
}

Secret new_token() {
  return random_hex(file_token_size / 2);
}

// Reads a file of another program, which may be any user's program. Returns nullopt if the file is
// missing.
std::optional<Secret> read_trusted(int directory, const std::string& path,
                                   const std::string& name) {
  const std::string whole = path + "/" + name;
  const Descriptor file = open_file(directory, name);
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  struct stat info {};
  if (!file.is_open() || fstat(file.fd(), &info) != 0) {
    throw Error(ErrorKind::usage, "cannot open " + whole + ": " + std::strerror(errno),
                "run this as the user that rolecall serve runs as");
  }
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorKind::usage, whole + " is not a regular file",
                "restart rolecall serve, which then makes a new file");
  }
  if (const std::string owner = untrusted_owner_text(info.st_uid, geteuid()); !owner.empty()) {
    throw Error(ErrorKind::usage, whole + " " + owner,
                "run this as the user that rolecall serve runs as");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Error(
        ErrorKind::usage,
        whole + " has mode " + mode_text(info.st_mode) + ": other users could have changed it",
        "restart rolecall serve, which then makes a new file");
  }
  return read_all(file.fd());
}

}  // namespace

TokenFiles::TokenFiles(const std::string& directory, const std::string& name)
    : path_(directory),
      name_(name),
      directory_(open_directory(directory, "cannot use " + directory + " for tokens",
                                "with `token-dir`, name a directory that belongs to this user",
                                Walk::to_directory_create)) {
  for (int tries = 0; !lock_and_read_token(); ++tries) {
    if (tries == 10) {
      throw Error(ErrorKind::usage,
                  "cannot keep a token in " + path_ + "/" + name_ + token_suffix +
                      ": another program replaces that file again and again",
                  "with `token-dir`, name a directory that only this server uses");
    }
    write_file(directory_.fd(), path_, name_ + token_suffix, new_token().view());
  }
  // A server that was killed may have left this file.
  unlinkat(directory_.fd(), (name_ + uri_suffix).c_str(), 0);
}

TokenFiles::~TokenFiles() {
  // If there is no token_, the file may belong to another server.
  if (!token_.empty()) unlinkat(directory_.fd(), (name_ + uri_suffix).c_str(), 0);
}

// Returns false if no token can be used. The caller must then write a new one and try again.
bool TokenFiles::lock_and_read_token() {
  const std::string name = name_ + token_suffix;
  lock_ = open_file(directory_.fd(), name);
  if (!lock_.is_open()) return false;
  if (flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(
        ErrorKind::usage, "another rolecall serve uses " + path_ + "/" + name,
        "with `token-dir`, name another directory for this server, or let one server have both "
        "bindings: `binding` can be given more than once");
  }
  struct stat ours {};
  struct stat named {};
  // The file may have been replaced before it was locked.
  if (fstat(lock_.fd(), &ours) != 0 || fstatat(directory_.fd(), name.c_str(), &named, 0) != 0 ||
      ours.st_ino != named.st_ino || ours.st_dev != named.st_dev) {
    return false;
  }
  token_ = read_token(lock_.fd());
  return !token_.empty();
}

Secret TokenFiles::imds_key() const {
  const std::string name = name_ + imds_key_suffix;
  const Descriptor file = open_file(directory_.fd(), name);
  Secret key = !file.is_open() ? Secret() : read_token(file.fd());
  if (!key.empty()) return key;
  key = new_token();
  write_file(directory_.fd(), path_, name, key.view());
  return key;
}

void TokenFiles::write_uri(const std::string& uri) const {
  write_file(directory_.fd(), path_, name_ + uri_suffix, uri);
}

std::optional<ContainerFiles> find_container_files(const std::string& directory,
                                                   const std::string& name) {
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0 && errno == ENOENT) return std::nullopt;
  const Descriptor opened = open_directory(
      directory, "cannot take tokens from " + directory,
      "name the directory that serve was given with `token-dir`, as the user that serve runs as",
      Walk::to_directory);
  const auto uri = read_trusted(opened.fd(), directory, name + uri_suffix);
  auto token = read_trusted(opened.fd(), directory, name + token_suffix);
  if (!uri || !token) return std::nullopt;
  ContainerFiles files{std::string(trim(uri->view())), std::move(*token),
                       directory + "/" + name + token_suffix};
  const bool is_plain = is_visible(files.uri) && files.uri.find('\'') == std::string::npos;
  if (!is_plain || !is_token(files.token.view())) {
    throw Error(ErrorKind::usage, "the files of " + name + " in " + directory + " are malformed",
                "restart rolecall serve, which then makes new files");
  }
  return files;
}

}  // namespace rolecall::serve
