// What a daemon exchanges with the service manager: sd_notify(3), sd_watchdog_enabled(3),
// sd_listen_fds(3).
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace rolecall::cli {

// The descriptor of the listening socket that the service manager passed to this process. Empty if
// there is none. Throws Error (usage) if there are several. Removes the variables from the
// environment.
std::optional<int> inherited_socket();

// The directory for files that a daemon writes for its clients: $RUNTIME_DIRECTORY, which a unit
// sets, otherwise $XDG_RUNTIME_DIR/rolecall. Empty if neither is set.
std::string runtime_directory();

// Whether this descriptor writes to systemd's journal, which adds the time to each line
// (JOURNAL_STREAM in systemd.exec(5)).
bool is_journal(int descriptor);

// The service manager, as the environment describes it. The constructor removes these variables
// from the environment.
class Supervisor {
 public:
  Supervisor();

  // Sends "READY=1", "STOPPING=1" or "WATCHDOG=1". Does nothing without a service manager.
  void notify(const std::string& state) const;

  // How often to send WATCHDOG=1: half of the service manager's limit, as sd_watchdog_enabled(3)
  // advises. Empty: never.
  std::optional<std::chrono::milliseconds> watchdog_interval() const { return watchdog_interval_; }

 private:
  std::string socket_;
  std::optional<std::chrono::milliseconds> watchdog_interval_;
};

}  // namespace rolecall::cli
