#include "terminal/ui.h"

#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/files.h"
#include "base/text.h"
#include "base/waiting.h"
#include "terminal/origins.h"

namespace rolecall::cli {
namespace {

bool (*is_option)(std::string_view name) = nullptr;

const auto program_start = std::chrono::steady_clock::now();

void write_text(std::string_view text) {
  const ssize_t put = write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(put);  // if this fails, nothing can report it
}

bool is_dumb() {
  const char* type = std::getenv("TERM");
  return type != nullptr && std::string_view(type) == "dumb";
}

// A line on a terminal that says what the program waits for, and that is removed after the wait.
class StatusLine {
 public:
  void show(const std::string& what) {
    const std::scoped_lock lock(mutex_);
    remove();
    if (what.empty() || !is_in_foreground()) return;
    write_text(cut_to_width("rolecall: waiting for " + terminal_safe(with_flags(what))));
    is_shown_ = true;
  }

  // Removes the line before `write` runs, because no other text may be written into the line.
  template <class Write>
  void without(Write&& write) {
    const std::scoped_lock lock(mutex_);
    remove();
    write();
  }

 private:
  void remove() {
    if (std::exchange(is_shown_, false)) write_text("\r\x1b[K");
  }

  static bool is_in_foreground() {
    const pid_t group = tcgetpgrp(STDERR_FILENO);
    return group <= 0 || group == getpgrp();
  }

  // Cuts the text to the width of the terminal, because a line that wraps could not be removed.
  static std::string cut_to_width(std::string text) {
    winsize size{};
    const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    const std::size_t columns = (is_known ? size.ws_col : 80U) - 1U;
    if (text.size() <= columns) return text;
    text.resize(columns);
    // Removes the part of a multi-byte character that may be left at the end.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0)
      text.pop_back();
    return text;
  }

  std::mutex mutex_;
  bool is_shown_ = false;
};

// Never destroyed, because another thread may use it until the process ends.
StatusLine& status_line() {
  static StatusLine& the_only = *new StatusLine;
  return the_only;
}

// Only for people, so not if stderr is no terminal. Not called with --debug, because its steps say
// more.
void show_waits_on_terminal() {
  static bool is_done = false;
  if (std::exchange(is_done, true)) return;
  show_waits([](const std::string& what) { status_line().show(what); },
             [] { return isatty(STDERR_FILENO) == 1 && !is_dumb(); });
}

// One call of write for each message, because SDKs and journals read stderr of several processes at
// once.
void write_line(const std::string& line) {
  status_line().without([&] { write_text(line + "\n"); });
}

// Keeps warnings at first. Reading flags and the configuration file can cause warnings, and
// only at the end of the file is it known whether warnings are wanted.
class Warnings {
 public:
  void add(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::kept) kept_.push_back(line);
    if (state_ == State::shown) write_line(line);
  }

  void release(bool quiet) {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::kept) return;
    state_ = quiet ? State::silenced : State::shown;
    for (const std::string& line : kept_)
      if (!quiet) write_line(line);
    kept_.clear();
  }

 private:
  enum class State { kept, shown, silenced };
  std::mutex mutex_;
  State state_ = State::kept;
  std::vector<std::string> kept_;
};

// Never destroyed, because a thread may still warn at the end of the process.
Warnings& warnings() {
  static Warnings& the_only = *new Warnings;
  return the_only;
}

// The warnings that a reporter has given, so that each is given only once.
class PrintedWarnings {
 public:
  // Returns whether the text is new.
  bool add(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    return texts_.emplace(text).second;
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> texts_;
};

// Never destroyed, for the same reason.
PrintedWarnings& printed_warnings() {
  static PrintedWarnings& the_only = *new PrintedWarnings;
  return the_only;
}

}  // namespace

void spell_as_flags(bool (*is_one)(std::string_view name)) {
  is_option = is_one;
}

std::string with_flags(std::string text) {
  std::size_t begin = text.find('`');
  while (begin != std::string::npos) {
    const std::size_t end = text.find('`', begin + 1);
    if (end == std::string::npos) break;
    const std::string_view name = std::string_view(text).substr(begin + 1, end - begin - 1);
    if (is_option == nullptr || !is_option(name)) {
      begin = end;
      continue;
    }
    text.erase(end, 1).replace(begin, 1, "--");
    begin = text.find('`', end);
  }
  return text;
}

void print_error(const Error& error) {
  release_warnings(false);
  const std::string what = with_flags(error.what());
  // It may contain file names and texts from other programs.
  std::string text = "rolecall: error: " + terminal_safe(what + origins_in(what));
  if (!error.hint().empty()) text += "\nhint: " + terminal_safe(with_flags(error.hint()));
  write_line(text);
}

void print_warning(std::string_view text) {
  const std::string what = with_flags(std::string(text));
  warnings().add("rolecall: warning: " + terminal_safe(what + origins_in(what)));
}

void print_result(const std::string& text) {
  const bool ends_line = isatty(STDOUT_FILENO) == 1 && !text.ends_with('\n');
  write_all(STDOUT_FILENO, ends_line ? text + "\n" : text, "standard output");
}

void print_note(std::string_view text) {
  write_line("rolecall: " + terminal_safe(with_flags(std::string(text))));
}

void release_warnings(bool quiet) {
  warnings().release(quiet);
}

bool write_log(const std::string& text) {
  const std::string line = with_flags(text);
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  // If a pipe is ready for writing, it has room for PIPE_BUF bytes.
  pollfd log{STDERR_FILENO, POLLOUT, 0};
  if (line.size() > PIPE_BUF || poll(&log, 1, 0) != 1) return false;
  try {
    status_line().without([&] { write_all(STDERR_FILENO, line, "stderr"); });
    return true;
  } catch (const Error&) {
    return false;
  }
}

Reporter stderr_reporter(bool debug) {
  if (!debug) show_waits_on_terminal();
  Reporter reporter;
  reporter.warn = [](std::string_view text) {
    if (printed_warnings().add(text)) print_warning(text);
  };
  if (debug) {
    reporter.debug = [](std::string_view text) {
      const std::chrono::duration<double, std::milli> since =
          std::chrono::steady_clock::now() - program_start;
      std::array<char, 32> stamp{};
      std::snprintf(stamp.data(), stamp.size(), "%9.2f ms  ", since.count());
      write_line(cat("rolecall: debug: ", stamp.data(),
                     terminal_safe_lines(with_flags(std::string(text)))));
    };
  }
  return reporter;
}

}  // namespace rolecall::cli
