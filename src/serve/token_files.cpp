#include "serve/token_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/codec.h"
#include "base/files.h"
#include "base/openssl.h"
#include "rolecall/error.h"

namespace rolecall::serve {
namespace {

constexpr std::size_t token_size = 64;  // 256 bits in hex

std::string path_of(const std::string& directory, const std::string& name, const char* kind) {
  return directory + "/" + name + kind;
}

// Readers see the old file or the new one.
void replace_file(const std::string& path, std::string_view content) {
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());
  const auto fail = [&path](int error) {
    throw Error(ErrorKind::usage, "cannot write " + path + ": " + std::strerror(error),
                "name a directory that this user may write to with --token-dir");
  };
  const Descriptor file(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.fd < 0) fail(errno);
  write_all(file.fd, content, fresh);
  if (rename(fresh.c_str(), path.c_str()) != 0) fail(errno);
}

bool is_token(std::string_view text) {
  return text.size() == token_size &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Empty where it is none that nobody else could have read or written.
Secret read_token(int file) {
  struct stat info {};
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {};
  }
  Secret token;
  token.resize(token_size + 1);
  const ssize_t got = read(file, token.data(), token.size());
  token.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return is_token(token.view()) ? std::move(token) : Secret();
}

void prepare_directory(const std::string& directory) {
  const auto fail = [&directory](const std::string& why) {
    throw Error(ErrorKind::usage, "cannot use " + directory + " for tokens: " + why,
                "name a directory of this user's own with --token-dir");
  };
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) fail(std::strerror(errno));
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0) fail(std::strerror(errno));
  if (!S_ISDIR(info.st_mode)) fail("it is not a directory");
  if (info.st_uid != geteuid() && info.st_uid != 0) fail("it is another user's");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) fail("others may write to it");
}

}  // namespace

TokenFiles::TokenFiles(const std::string& directory, const std::string& name)
    : token_path_(path_of(directory, name, ".token")), uri_path_(path_of(directory, name, ".uri")) {
  prepare_directory(directory);
  for (int tries = 0; !take(); ++tries) {
    if (tries == 10) {
      throw Error(ErrorKind::usage,
                  "cannot keep a token in " + token_path_ + ": something else replaces that file",
                  "name a directory for this server alone with --token-dir");
    }
    replace_file(token_path_, random_hex(token_size / 2).view());
  }
}

TokenFiles::~TokenFiles() {
  unlink(uri_path_.c_str());
}

// False: there is no token of ours; one has to be made.
bool TokenFiles::take() {
  lock_ = std::make_unique<Descriptor>(
      open(token_path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (lock_->fd < 0) return false;
  if (flock(lock_->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorKind::usage, "another rolecall serve uses " + token_path_,
                "name a directory for this one with --token-dir, or let one daemon serve both: "
                "--binding is repeatable");
  }
  struct stat ours {};
  struct stat named {};
  // It may have been replaced before it was locked.
  if (fstat(lock_->fd, &ours) != 0 || stat(token_path_.c_str(), &named) != 0 ||
      ours.st_ino != named.st_ino || ours.st_dev != named.st_dev) {
    return false;
  }
  token_ = read_token(lock_->fd);
  return !token_.empty();
}

void TokenFiles::write_uri(const std::string& uri) const {
  replace_file(uri_path_, uri);
}

ContainerFiles read_container_files(const std::string& directory, const std::string& name) {
  ContainerFiles files;
  files.token_path = path_of(directory, name, ".token");
  const std::string uri_path = path_of(directory, name, ".uri");
  if (access(uri_path.c_str(), F_OK) != 0) {
    throw Error(ErrorKind::usage, "there is no " + uri_path + ": " + std::strerror(errno),
                "is rolecall serve running, with this binding and this --token-dir?");
  }
  files.uri = std::string(trim(read_file("endpoint file", uri_path).bytes.view()));
  files.token = std::move(read_file("token file", files.token_path).bytes);
  const bool plain = std::all_of(files.uri.begin(), files.uri.end(),
                                 [](char c) { return c > ' ' && c <= '~' && c != '\''; });
  if (!plain || !is_token(files.token.view())) {
    throw Error(ErrorKind::usage, "the files of " + name + " in " + directory + " are malformed",
                "restart rolecall serve: it makes them anew");
  }
  return files;
}

}  // namespace rolecall::serve
