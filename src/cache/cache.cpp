#include "cache/cache.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "aws/service_error.h"
#include "base/deadline.h"
#include "base/descriptor_io.h"
#include "base/file_trust.h"
#include "base/json.h"
#include "base/new_file.h"
#include "base/safe_directory.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"
#include "cache/cache_lock.h"
#include "cache/entry_files.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t max_entry_size = 64 * 1024;  // bytes
// If the endpoint is down while the old session is still valid, only one run in 15 s waits for it,
// and only for `short_wait`. The other runs do not wait.
constexpr seconds hold_off{15};
constexpr milliseconds short_wait{3000};
// The longest session that can be requested. An entry with a longer one is wrong.
constexpr seconds max_lifetime = seconds(43200) + clock_tolerance;

Error cannot_use(const std::string& directory, const std::string& why,
                 const std::string& remedy =
                     "set XDG_RUNTIME_DIR or XDG_CACHE_HOME to a directory that belongs to you") {
  return {ErrorKind::failed, "cache directory " + directory + " " + why,
          "nothing is cached; " + remedy};
}

std::string text_of(const SecretJson& object, const char* name) {
  return std::string(text_member(object, name).value_or(""));
}

std::optional<CacheEntry> parse_entry(std::string_view text) {
  const SecretJson object = parse_secret_json(text);
  if (!object.is_object()) return std::nullopt;
  const auto issued = parse_rfc3339(text_of(object, "Issued"));
  const auto expiration = parse_rfc3339(text_of(object, "Expiration"));
  CacheEntry entry;
  entry.key = text_of(object, "Key");
  entry.credentials.access_key_id = text_of(object, "AccessKeyId");
  entry.credentials.secret_access_key = Secret(text_member(object, "SecretAccessKey").value_or(""));
  entry.credentials.session_token = Secret(text_member(object, "SessionToken").value_or(""));
  entry.credentials.assumed_role_arn = text_of(object, "AssumedRoleArn");
  if (!issued || !expiration || entry.key.empty()) return std::nullopt;
  for (const std::string_view value :
       {std::string_view(entry.credentials.access_key_id),
        entry.credentials.secret_access_key.view(), entry.credentials.session_token.view()}) {
    if (!is_visible(value)) return std::nullopt;
  }
  entry.issued = *issued;
  entry.credentials.expiration = *expiration;
  return entry;
}

Secret entry_text(const CacheEntry& entry) {
  const Credentials& credentials = entry.credentials;
  const SecretJson object = {
      {"Key", WipingString(entry.key)},
      {"Issued", rfc3339(entry.issued)},
      {"Expiration", rfc3339(credentials.expiration)},
      {"AccessKeyId", credentials.access_key_id},
      {"SecretAccessKey", WipingString(credentials.secret_access_key.view())},
      {"SessionToken", WipingString(credentials.session_token.view())},
      {"AssumedRoleArn", credentials.assumed_role_arn}};
  return to_text(object);
}

// Whether a process that waited for this renewal, and has `left` for an attempt of its own, would
// fail in the same way. Only a refusal by the service is the same for all processes. Passwords,
// proxies and the like can differ.
bool applies_to_all(const CacheLock::Failure& failure, milliseconds left,
                    std::chrono::system_clock::time_point now) {
  // If the clock was set back, a failure may be from the future.
  if (failure.when > now) return false;
  return failure.refused &&
         (failure.error.kind() == ErrorKind::failed || failure.time_limit >= left);
}

// Without this, each run during an outage would wait for the endpoint before it asks another one.
// But the endpoint may come back soon.
constexpr seconds outage_hold_off{60};

bool is_recent_outage(const std::optional<CacheLock::Failure>& failure,
                      std::chrono::system_clock::time_point now) {
  return failure && failure->outage && failure->when <= now &&
         now - failure->when < outage_hold_off;
}

[[noreturn]] void throw_outage(const CacheLock::Failure& failure,
                               std::chrono::system_clock::time_point now) {
  const auto age = std::chrono::floor<seconds>(now - failure.when);
  throw Outage(Error(failure.error.kind(),
                     cat(failure.error.what(), " (asked ", age.count(), " s ago)"),
                     failure.error.hint()));
}

void warn_about_old_entry(const CacheEntry& entry, const Error& error, const Reporter& reporter) {
  reporter.warning("these credentials are from the cache and expire at " +
                   rfc3339(entry.credentials.expiration) +
                   ", because the renewal failed: " + error.what());
}

// Nearly all runs need only this one system call. If the result is not open, errno says why.
Descriptor open_without_links(const std::string& directory) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  return Descriptor(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, directory.c_str(), &how, sizeof how)));
}

// Makes missing directories. Follows a link only if no other user can have made it. Every run comes
// here on kernels before 5.6 and in some containers, because they have no openat2.
Descriptor walk_to(const std::string& directory) {
  const FileRole role = {"cache directory", "XDG_RUNTIME_DIR or XDG_CACHE_HOME"};
  try {
    const SafeDirectory walked(role, directory, {}, Walk::to_directory_create_parents);
    if (walked.rights() != nullptr)
      throw Error(ErrorKind::failed, "it is in another user's directory");
    Descriptor opened = reopen_directory(walked.fd());
    if (!opened.is_open()) throw Error(ErrorKind::failed, std::strerror(errno));
    return opened;
  } catch (const Error& error) {
    throw cannot_use(directory, cat("cannot be used: ", error.what()));
  }
}

}  // namespace

Cache::Cache(const std::string& directory, IfMissing if_missing, const Clock& clock)
    : directory_(directory), clock_(clock), opened_(open_without_links(directory)) {
  if (!opened_.is_open() && errno == ENOENT && if_missing == IfMissing::leave) return;
  if (!opened_.is_open()) opened_ = walk_to(directory);
  struct stat info {};
  fstat(opened_.fd(), &info);
  const bool belongs_to_us = info.st_uid == geteuid();
  if (belongs_to_us && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  if (!belongs_to_us) throw cannot_use(directory, "belongs to another user");
  throw cannot_use(directory,
                   cat("can be written by other users (mode ", mode_text(info.st_mode), ")"),
                   "run chmod 700 " + shell_word(directory));
}

std::optional<CacheEntry> Cache::read(const std::string& name) const {
  const Descriptor file(openat(opened_.fd(), (name + entry_suffix).c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file.is_open() || fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return std::nullopt;
  }
  Secret bytes;
  if (read_whole(file.fd(), max_entry_size, bytes) != 0) return std::nullopt;
  return parse_entry(bytes.view());
}

std::optional<CacheEntry> Cache::find(const std::string& key) const {
  auto entry = read(name_of(key));
  if (entry && (entry->key != key || !is_valid(*entry))) entry.reset();
  return entry;
}

// Call this only if this process holds the lock, so that no other process writes the new file.
void Cache::write(const CacheEntry& entry) const {
  const std::string name = name_of(entry.key);
  const int error =
      replace_file(opened_.fd(), name + entry_suffix, name + new_suffix, entry_text(entry).view());
  if (error != 0) throw Error(ErrorKind::failed, cat("cannot write: ", std::strerror(error)));
}

bool Cache::is_valid(const CacheEntry& entry) const {
  const seconds left = entry.credentials.expiration - clock_.wall_seconds();
  return left > seconds(0) && left <= max_lifetime;
}

// If an entry was issued in the future, it was written while the clock was wrong.
bool Cache::is_fresh(const CacheEntry& entry, seconds margin) const {
  const auto now = clock_.wall_seconds();
  const seconds lifetime = entry.credentials.expiration - entry.issued;
  return entry.issued <= now + seconds(60) &&
         entry.credentials.expiration - now > std::min(margin, lifetime / 2);
}

bool Cache::exists(const std::string& file) const {
  return faccessat(opened_.fd(), file.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Each change of a certificate leaves an entry that no run uses again. Each run that fails leaves a
// lock file.
void Cache::remove_expired() const {
  remove_unfinished();
  for (const std::string& name : names(entry_suffix)) {
    const auto is_useless = [&] {
      const auto entry = read(name);
      return !entry || !is_valid(*entry);
    };
    CacheLock lock(opened_.fd(), name);
    if (!is_useless() || !lock.try_lock() || !lock.is_held() || !is_useless()) continue;
    unlinkat(opened_.fd(), (name + entry_suffix).c_str(), 0);
  }
  for (const std::string& name : names(CacheLock::suffix)) {
    CacheLock lock(opened_.fd(), name);
    if (exists(name + entry_suffix) || !lock.try_lock() || !lock.is_held()) continue;
    if (is_recent_outage(lock.last_failure(), clock_.wall())) continue;  // the next run needs it
    if (!exists(name + entry_suffix)) lock.remove();
  }
}

// A process that was killed while it wrote has left a file with credentials.
void Cache::remove_unfinished() const {
  for (const std::string& name : names(new_suffix)) {
    CacheLock lock(opened_.fd(), name);
    if (lock.try_lock() && lock.is_held()) unlinkat(opened_.fd(), (name + new_suffix).c_str(), 0);
  }
}

Credentials Cache::get(const Request& request, const Reporter& reporter) const {
  const Deadline deadline(request.timeout, clock_);
  const auto start = clock_.wall();
  const auto left = [&deadline] { return std::max(deadline.left(), milliseconds(1)); };
  auto entry = find(request.key);
  if (entry && is_fresh(*entry, request.margin)) return std::move(entry->credentials);

  CacheLock lock(opened_.fd(), name_of(request.key));
  bool waited = false;
  std::optional<Waiting> waiting;
  for (milliseconds nap(2); !lock.try_lock(); nap = std::min(nap * 2, milliseconds(50))) {
    if (entry && is_valid(*entry)) {
      reporter.trace(
          [] { return "another process renews the session; the one in the cache is still valid"; });
      return std::move(entry->credentials);
    }
    if (deadline.left() - nap < request.timeout / 2) {
      reporter.warning(
          "another process has been renewing these credentials for half of `timeout`; this process "
          "now requests credentials of its own, and does not cache them");
      waiting.reset();
      return request.renew(left());
    }
    waited = true;
    if (!waiting) waiting.emplace("another process that renews these credentials");
    clock_.wait(nap);
    entry = find(request.key);
    if (entry && is_fresh(*entry, request.margin)) return std::move(entry->credentials);
  }
  waiting.reset();
  // The process that held the lock may have renewed the session, or its renewal may have failed.
  entry = find(request.key);
  if (entry && is_fresh(*entry, request.margin)) return std::move(entry->credentials);
  if (const auto failure = lock.last_failure()) {
    if (!entry && request.has_fallback && is_recent_outage(failure, clock_.wall()))
      throw_outage(*failure, clock_.wall());
    if (!entry && waited && failure->when >= start &&
        applies_to_all(*failure, left(), clock_.wall()))
      throw Error(failure->error);
    const bool is_outage = failure->refused || failure->error.kind() == ErrorKind::try_later;
    if (entry && is_outage && failure->when <= start && start - failure->when < hold_off) {
      warn_about_old_entry(*entry, failure->error, reporter);
      return std::move(entry->credentials);
    }
  }
  return renew(request, left(), std::move(entry), lock, reporter);
}

Credentials Cache::renew(const Request& request, milliseconds time, std::optional<CacheEntry> old,
                         const CacheLock& lock, const Reporter& reporter) const {
  CacheEntry entry;
  entry.key = request.key;
  entry.issued = clock_.wall_seconds();
  if (old) time = std::min(time, short_wait);
  try {
    entry.credentials = request.renew(time);
    lock.note_success();
  } catch (const Error& error) {
    const bool refused = dynamic_cast<const ServiceRefusal*>(&error) != nullptr;
    lock.note_failure({clock_.wall(), time, refused, is_outage(error), error});
    if (!old || !is_valid(*old)) throw;
    warn_about_old_entry(*old, error, reporter);
    return std::move(old->credentials);
  }
  if (entry.credentials.clock_skew != seconds(0)) {
    // The session expires by the service's clock, and this machine's clock differs from it.
    reporter.warning("nothing is cached while this machine's clock is wrong");
    return std::move(entry.credentials);
  }
  try {
    write(entry);
    remove_expired();
  } catch (const Error& error) {
    reporter.warning("nothing is cached in " + directory_ + ": " + error.what());
  }
  return std::move(entry.credentials);
}

}  // namespace rolecall::aws
