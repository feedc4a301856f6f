#include "commands/doctor_service_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/descriptor.h"
#include "base/descriptor_io.h"
#include "base/file_trust.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "cache/cache.h"
#include "commands/obtain.h"
#include "serve/token_files.h"

namespace rolecall::cli {
namespace {

using doctor::Findings;

constexpr mode_t for_others = S_IRWXG | S_IRWXO;
constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

// Whether the owner is neither `user` nor root. Then warns.
bool warn_about_foreign_owner(Findings& findings, const std::string& what, const std::string& path,
                              uid_t owner, uid_t user) {
  if (owner == 0 || owner == user) return false;
  findings.warn(cat(what, " ", path, " belongs to user ", owner, ", and is used by user ", user),
                cat("run chown ", user, " ", shell_word(path)));
  return true;
}

bool is_secret_of_serve(std::string_view name) {
  return name.ends_with(serve::token_suffix) || name.ends_with(serve::imds_key_suffix);
}

std::string entries_text(std::size_t count, const char* what) {
  return cat(count, " ", what, count == 1 ? " entry" : " entries");
}

void check_cache(Findings& findings, const std::string& directory) {
  const aws::Cache cache(directory, aws::Cache::IfMissing::leave);
  std::string text = cat("cache ", directory, ": ", entries_text(cache.entries().size(), "valid"));
  std::vector<aws::UselessEntry> useless = cache.useless_entries();
  const auto expired = std::remove_if(useless.begin(), useless.end(),
                                      [](const aws::UselessEntry& one) { return one.has_expired; });
  if (expired != useless.end()) {
    text += ", " + entries_text(static_cast<std::size_t>(useless.end() - expired), "expired");
  }
  useless.erase(expired, useless.end());
  findings.fact(text);
  if (useless.empty()) return;
  const std::string others =
      useless.size() == 1 ? "" : cat(" (and ", useless.size() - 1, " more cannot be used)");
  findings.warn(
      cat("cache file ", useless.front().path, " ", useless.front().why, others),
      "run rolecall cache clear, which removes all entries: the next runs get new credentials");
}

}  // namespace

void check_token_directory(Findings& findings, const std::string& directory, uid_t user) {
  const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!opened.is_open() || fstat(opened.fd(), &info) != 0) return;
  bool has_tokens = false;
  bool is_safe = true;
  for (const std::string& name : names_in(opened.fd())) {
    struct stat file {};
    if (!is_secret_of_serve(name) ||
        fstatat(opened.fd(), name.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    has_tokens = true;
    const std::string path = cat(directory, "/", name);
    if (warn_about_foreign_owner(findings, "token file", path, file.st_uid, user)) {
      is_safe = false;
    } else if ((file.st_mode & for_others) != 0) {
      is_safe = false;
      findings.warn(
          cat("token file ", path, " has mode ", mode_text(file.st_mode),
              ": other users can get the credentials of serve"),
          cat("run rm ", shell_word(path), ", and restart serve, which then makes a new token"));
    }
  }
  // The cache may use the same directory, and says the same of it.
  if (!has_tokens) return;
  if (warn_about_foreign_owner(findings, "token directory", directory, info.st_uid, user)) return;
  if ((info.st_mode & writable_by_others) != 0) {
    findings.warn(cat("token directory ", directory, " has mode ", mode_text(info.st_mode),
                      ": other users can replace the tokens"),
                  cat("run chmod 700 ", shell_word(directory), ", and restart serve"));
  } else if (is_safe) {
    findings.fact(cat("tokens in ", directory));
  }
}

void check_credentials_file(Findings& findings, const std::string& path, uid_t user) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) return;
  if (warn_about_foreign_owner(findings, "credentials file", path, info.st_uid, user)) return;
  const bool others_read = (info.st_mode & S_IROTH) != 0;
  if (!others_read && (info.st_mode & writable_by_others) == 0) return;
  findings.warn(
      cat("credentials file ", path, " has mode ", mode_text(info.st_mode), ": ",
          others_read ? "every user can read the file" : "other users can change the file"),
      cat("run chmod 600 ", shell_word(path)));
}

void check_caches(Findings& findings) {
  for (const std::string& directory : cache_directories()) {
    if (access(directory.c_str(), F_OK) != 0) continue;
    try {
      check_cache(findings, directory);
    } catch (const Error& error) {
      findings.warn(error.what(), error.hint());
    }
  }
}

}  // namespace rolecall::cli
