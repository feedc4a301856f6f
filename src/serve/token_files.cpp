#include "serve/token_files.h"

#include <fcntl.h>
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

// Empty where there is none that nobody else could have read or written.
Secret read_token(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (file.fd < 0 || fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {};
  }
  Secret token;
  token.resize(token_size + 1);
  const ssize_t got = read(file.fd, token.data(), token.size());
  token.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return is_token(token.view()) ? std::move(token) : Secret();
}

}  // namespace

void prepare_token_directory(const std::string& directory) {
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

Secret keep_token(const std::string& directory, const std::string& name) {
  const std::string path = path_of(directory, name, ".token");
  Secret token = read_token(path);
  if (!token.empty()) return token;
  token = random_hex(token_size / 2);
  replace_file(path, token.view());
  return token;
}

void write_uri(const std::string& directory, const std::string& name, const std::string& uri) {
  replace_file(path_of(directory, name, ".uri"), uri);
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
