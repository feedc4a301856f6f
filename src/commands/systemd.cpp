#include "commands/systemd.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/text.h"
#include "options/environment.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr int first_inherited_socket = 3;  // SD_LISTEN_FDS_START

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

}  // namespace

std::optional<int> inherited_socket() {
  const auto pid = parse_number<pid_t>(take_variable("LISTEN_PID"));
  const auto count = parse_number<int>(take_variable("LISTEN_FDS"));
  take_variable("LISTEN_FDNAMES");
  if (pid != getpid() || !count || *count < 1) return std::nullopt;
  if (*count > 1) {
    throw Error(ErrorKind::usage, cat("the service manager passes ", *count, " sockets"),
                "serve uses one socket: leave one ListenStream= in the socket unit");
  }
  return first_inherited_socket;
}

std::string runtime_directory() {
  const std::string directories = environment("RUNTIME_DIRECTORY");
  if (!directories.empty()) return directories.substr(0, directories.find(':'));
  const std::string user = user_runtime_directory();
  return user.empty() ? user : user + "/rolecall";
}

bool is_journal(int descriptor) {
  struct stat info {};
  return fstat(descriptor, &info) == 0 &&
         environment("JOURNAL_STREAM") == cat(info.st_dev, ":", info.st_ino);
}

Supervisor::Supervisor() : socket_(take_variable("NOTIFY_SOCKET")) {
  const auto pid = take_variable("WATCHDOG_PID");
  const auto interval = parse_number<long>(take_variable("WATCHDOG_USEC"));
  if (interval && *interval > 0 && (pid.empty() || parse_number<pid_t>(pid) == getpid())) {
    const std::chrono::microseconds whole(*interval);
    watchdog_interval_ = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(whole / 2),
                                  std::chrono::milliseconds(1));
  }
}

void Supervisor::notify(const std::string& state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::copy(socket_.begin(), socket_.end(), address.sun_path);
  if (socket_.front() == '@') address.sun_path[0] = '\0';  // the abstract namespace, unix(7)
  const Descriptor out(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  sendto(out.fd(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
         reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace rolecall::cli
