#include "cli/ui.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <set>
#include <string>

#include "base/codec.h"
#include "base/files.h"
#include "cli/origins.h"

namespace rolecall::cli {
namespace {

const auto program_start = std::chrono::steady_clock::now();

// One write a message: SDKs and journals read stderr of several processes at once.
void write_line(const std::string& line) {
  const std::string text = line + "\n";
  const ssize_t put = write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(put);  // there is nowhere left to complain
}

}  // namespace

void print_error(const Error& error) {
  // Names of files and texts of others stand in it.
  std::string text = "rolecall: error: " + terminal_safe(error.what() + origins_in(error.what()));
  if (!error.hint().empty()) text += "\nhint: " + terminal_safe(error.hint());
  write_line(text);
}

void print_warning(std::string_view text) {
  write_line("rolecall: warning: " + terminal_safe(std::string(text) + origins_in(text)));
}

void print_result(const std::string& text) {
  const bool ends_line = isatty(STDOUT_FILENO) == 1 && !text.ends_with('\n');
  write_all(STDOUT_FILENO, ends_line ? text + "\n" : text, "standard output");
}

void print_note(std::string_view text) {
  write_line("rolecall: " + terminal_safe(text));
}

void write_log(const std::string& line) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  // A pipe that is ready has room for PIPE_BUF bytes.
  pollfd log{STDERR_FILENO, POLLOUT, 0};
  if (line.size() > PIPE_BUF || poll(&log, 1, 0) != 1) return;
  try {
    write_all(STDERR_FILENO, line, "stderr");
  } catch (const Error&) {  // as above
  }
}

Reporter stderr_reporter(bool debug) {
  Reporter reporter;
  reporter.warn = [](std::string_view text) {
    static std::mutex mutex;
    static std::set<std::string, std::less<>> said;
    const std::scoped_lock lock(mutex);
    if (said.emplace(text).second) print_warning(text);
  };
  if (debug) {
    reporter.debug = [](std::string_view text) {
      const std::chrono::duration<double, std::milli> since =
          std::chrono::steady_clock::now() - program_start;
      std::array<char, 32> stamp{};
      std::snprintf(stamp.data(), stamp.size(), "%9.2f ms  ", since.count());
      write_line(std::string("rolecall: debug: ") + stamp.data() + std::string(text));
    };
  }
  return reporter;
}

}  // namespace rolecall::cli
