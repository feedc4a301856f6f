#include "cache/cache_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/descriptor_io.h"
#include "base/json.h"

namespace rolecall::aws {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t longest_note = 16 * 1024;  // bytes
// Milliseconds since 1970: the year 2096. A later time in a note could overflow a clock.
constexpr std::int64_t latest_note = 4'000'000'000'000;

}  // namespace

bool CacheLock::try_lock() {
  for (;;) {
    if (!file_.is_open()) {
      file_ = Descriptor(
          openat(directory_, file_name_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    }
    if (!file_.is_open()) return true;
    if (flock(file_.fd(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    held_ = is_current_file();
    if (held_) return true;
    file_ = Descriptor();  // the process that held the lock has removed the file
  }
}

void CacheLock::remove() const {
  unlinkat(directory_, file_name_.c_str(), 0);
}

// If this cannot be written, nothing is lost: the next holder of the lock sends a request itself.
void CacheLock::note_success() const {
  if (file_.is_open()) static_cast<void>(ftruncate(file_.fd(), 0) == 0);
}

void CacheLock::note_failure(const Failure& failure) const {
  if (!file_.is_open() || ftruncate(file_.fd(), 0) != 0) return;
  const auto when = std::chrono::floor<milliseconds>(failure.when);
  const std::string text = to_text(json{{"When", when.time_since_epoch().count()},
                                        {"TimeLimit", failure.time_limit.count()},
                                        {"Refused", failure.refused},
                                        {"Outage", failure.outage},
                                        {"Kind", static_cast<int>(failure.error.kind())},
                                        {"What", failure.error.what()},
                                        {"Hint", failure.error.hint()}});
  if (pwrite(file_.fd(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    static_cast<void>(ftruncate(file_.fd(), 0) == 0);
  }
}

std::optional<CacheLock::Failure> CacheLock::last_failure() const {
  Secret text;
  if (!file_.is_open() || read_whole(file_.fd(), longest_note, text) != 0) return std::nullopt;
  const json note = parse_json(text.view());
  const auto when = number_member(note, "When");
  const auto time_limit = number_member(note, "TimeLimit");
  const auto refused = bool_member(note, "Refused");
  const bool outage = bool_member(note, "Outage").value_or(false);  // older notes do not have it
  const auto kind = number_member(note, "Kind");
  const auto what = text_member(note, "What");
  const auto hint = text_member(note, "Hint");
  if (!when || !time_limit || !refused || !kind || !what || !hint) return std::nullopt;
  if (*kind < 1 || *kind > 3 || *when < 0 || *when > latest_note) return std::nullopt;
  return Failure{std::chrono::system_clock::time_point(milliseconds(*when)),
                 milliseconds(*time_limit), *refused, outage,
                 Error(static_cast<ErrorKind>(*kind), std::string(*what), std::string(*hint))};
}

// False if the file of that name is now another one, or if there is none.
bool CacheLock::is_current_file() const {
  struct stat opened {};
  struct stat named {};
  return fstat(file_.fd(), &opened) == 0 &&
         fstatat(directory_, file_name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         opened.st_ino == named.st_ino;
}

}  // namespace rolecall::aws
