// The service manager's side of a daemon: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace rolecall::cli {

// The listening socket that was handed to this process, by number; nothing where there is none.
// Throws Error (usage) where there are several. The variables are gone after it.
std::optional<int> handed_over_socket();

// Where a daemon leaves files for its clients: $RUNTIME_DIRECTORY, which a unit sets, else
// $XDG_RUNTIME_DIR/rolecall; empty where there is neither.
std::string runtime_directory();

// Whether what is written to this descriptor goes to systemd's journal, which gives each line its
// time (JOURNAL_STREAM in systemd.exec(5)).
bool is_journal(int descriptor);

// Takes what the environment says of whom to tell, and takes it out of there.
class Supervisor {
 public:
  Supervisor();

  // "READY=1", "STOPPING=1", "WATCHDOG=1": to nobody where there is no service manager.
  void tell(const std::string& state) const;

  // How often it wants to hear WATCHDOG=1, halved as it advises; nothing: never.
  std::optional<std::chrono::milliseconds> watchdog() const { return watchdog_; }

 private:
  std::string socket_;
  std::optional<std::chrono::milliseconds> watchdog_;
};

}  // namespace rolecall::cli
