#include "terminal/prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/files.h"
#include "base/signals.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr std::size_t longest_line = 4096;  // a terminal's own limit

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (tcgetattr(fd, &before_) != 0) fail();
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    quiet.c_lflag |= ICANON | ISIG;
    // TCSAFLUSH discards what was typed before the prompt, because it was meant for something else.
    while (tcsetattr(fd, TCSAFLUSH, &quiet) != 0) {
      if (errno != EINTR) fail();
    }
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  ~EchoOff() {
    // Discards the rest of a line that was not read, because it must not reach the shell.
    while (tcsetattr(fd_, TCSAFLUSH, &before_) != 0 && errno == EINTR) {
    }
  }

 private:
  [[noreturn]] static void fail() {
    throw Error(ErrorKind::failed,
                cat("cannot switch off the terminal's echo: ", std::strerror(errno)));
  }
  int fd_;
  termios before_{};
};

// If the process is in the background, waits until it is brought to the foreground, as all programs
// do that read from a terminal.
void wait_for_foreground(int fd) {
  if (tcgetpgrp(fd) == getpgrp()) return;
  kill(0, SIGTTIN);  // stops the whole job; continues here after SIGCONT
  if (tcgetpgrp(fd) == getpgrp()) return;
  throw Error(ErrorKind::failed, "cannot ask for a password from the background",
              "bring rolecall to the foreground, or use `password-source`");
}

// Reads one line, without its line end. Returns the signal that came instead; 0 if none came.
int read_line(int fd, const SignalDescriptor& signals, Secret& line) {
  line.resize(longest_line);
  std::size_t used = 0;
  for (;;) {
    pollfd ready[] = {{fd, POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) break;
    if (const int signal = signals.take(); signal != 0) return signal;
    if (ready[0].revents == 0) continue;
    const ssize_t got = read(fd, line.data() + used, line.size() - used);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
    if (line.view()[used - 1] == '\n') {
      line.resize(used - 1);
      return 0;
    }
    if (used == line.size()) break;
  }
  throw Error(ErrorKind::failed, "no password was given at the prompt");
}

int ask(int fd, const std::string& prompt, Secret& line) {
  // While echo is off, signals that would end or stop the program must wait. SIGTTIN and SIGTTOU
  // are not blocked: a process gets them if it does not control the terminal, and they must stop
  // it.
  const SignalDescriptor signals({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP});
  const EchoOff quiet(fd);
  write_all(fd, prompt, "the terminal");
  int signal = 0;
  try {
    signal = read_line(fd, signals, line);
  } catch (...) {
    write_all(fd, "\n", "the terminal");
    throw;
  }
  write_all(fd, "\n", "the terminal");
  return signal;
}

}  // namespace

std::optional<Secret> ask_on_terminal(const std::string& prompt) {
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.is_open()) return std::nullopt;
  for (;;) {
    wait_for_foreground(terminal.fd());
    Secret line;
    const int signal = ask(terminal.fd(), prompt, line);
    if (signal == 0) return line;
    raise(signal);  // echo is on again
    if (signal != SIGTSTP) {
      throw Error(ErrorKind::failed, "interrupted at the password prompt");
    }
  }
}

}  // namespace rolecall::cli
