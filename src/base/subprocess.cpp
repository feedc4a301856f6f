#include "base/subprocess.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "base/pipe.h"
#include "base/process.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/time.h"
#include "base/waiting.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_output = 64 * 1024;
constexpr std::chrono::milliseconds poll_interval(20);

[[noreturn]] void refuse_command(const std::string& why) {
  throw Error(ErrorKind::usage, "the command cannot be split into words: " + why,
              "the command is run without a shell: quote such characters, or use sh -c '…'");
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<std::string> words() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == ' ' || c == '\t' || c == '\n') {
        end_word();
      } else if (c == '\'') {
        single_quoted();
      } else if (c == '"') {
        double_quoted();
      } else if (c == '\\') {
        put(next("a backslash at the end"));
      } else if (std::strchr("|&;<>()$`", c) != nullptr || (c == '~' && !in_word_)) {
        refuse_command(cat("\"", c, "\" has a meaning only in a shell"));
      } else {
        put(c);
      }
    }
    end_word();
    if (words_.empty()) refuse_command("it is empty");
    return std::move(words_);
  }

 private:
  char next(const char* at_the_end) {
    if (at_ == text_.size()) refuse_command(at_the_end);
    return text_[at_++];
  }
  void put(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  void single_quoted() {
    in_word_ = true;  // '' is also a word: an empty one
    for (char c = 0; (c = next("a quote is not closed")) != '\'';)
      put(c);
  }
  void double_quoted() {
    in_word_ = true;
    for (char c = 0; (c = next("a quote is not closed")) != '"';) {
      if (c == '$' || c == '`') refuse_command(cat("\"", c, "\" has a meaning only in a shell"));
      if (c == '\\') {
        const char quoted = next("a quote is not closed");
        if (std::strchr("\"\\$`", quoted) == nullptr) put(c);
        put(quoted);
      } else {
        put(c);
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
};

// Runs in the child, so it does only what is safe after a fork of a process with threads.
void prepare_child(int output) {
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  // Before Linux 5.11, the other descriptors stay open.
  // Called by its number, because glibc has a function for it only since 2.34.
  syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // a signal may end us before we can kill it
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  restore_signals_and_limits();
}

enum class KillsAtEnd { process, group };

// The destructor kills the child if it still runs, because an exception may have been thrown.
class Child {
 public:
  explicit Child(pid_t pid, KillsAtEnd at_end = KillsAtEnd::process) : pid_(pid), at_end_(at_end) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (ended_) return;
    kill(at_end_ == KillsAtEnd::group ? -pid_ : pid_, SIGKILL);
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
  }
  bool has_ended() {
    if (ended_) return true;
    const pid_t found = waitpid(pid_, &status_, WNOHANG);
    if (found < 0 && errno != EINTR) {
      ended_ = true;
      throw Error(ErrorKind::failed,
                  cat("cannot get the exit code of a command: ", std::strerror(errno)));
    }
    ended_ = found > 0;
    return ended_;
  }
  int status() const { return status_; }

 private:
  pid_t pid_;
  KillsAtEnd at_end_;
  int status_ = 0;
  bool ended_ = false;
};

// Reads what is there now. Returns false at the end of the output.
bool read_some(int fd, Secret& output, const std::string& name) {
  std::size_t used = output.size();
  output.resize(used + 4096);
  ssize_t got = -1;
  while ((got = read(fd, output.data() + used, 4096)) < 0 && errno == EINTR) {
  }
  output.resize(used + static_cast<std::size_t>(got > 0 ? got : 0));
  if (output.size() > most_output) {
    throw Error(ErrorKind::failed, "command " + name + " printed more than 64 KiB");
  }
  return got > 0;
}

pid_t start(char* const* argv, char* const* environment, const std::function<void()>& prepare) {
  const Spawned spawned = spawn(argv, environment, prepare);
  if (spawned.error == 0) return spawned.pid;
  throw Error(ErrorKind::usage,
              cat("cannot start command ", argv[0], ": ", std::strerror(spawned.error)));
}

[[noreturn]] void refuse_slow(const std::string& name, std::chrono::milliseconds limit) {
  throw Error(ErrorKind::failed, "command " + name + " did not end within " + seconds_text(limit));
}

void check_status(const std::string& name, int status) {
  if (WIFSIGNALED(status)) {
    throw Error(ErrorKind::failed,
                cat("command ", name, " was ended by signal ", WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    throw Error(ErrorKind::failed,
                cat("command ", name, " ended with exit code ", WEXITSTATUS(status)));
  }
}

}  // namespace

std::vector<std::string> split_command(std::string_view text) {
  return Splitter(text).words();
}

Secret command_output(const std::vector<std::string>& argv, std::chrono::milliseconds limit) {
  const std::string& name = argv.at(0);
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);

  Pipe output;
  const pid_t pid =
      start(pointers.data(), nullptr, [&output] { prepare_child(output.write_end.fd()); });
  const Waiting waiting("command " + name);
  Child child(pid);
  output.write_end = Descriptor();

  Secret bytes;
  bool open = true;
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    // First asks whether the command has ended, then reads, because everything that the command
    // wrote is in the pipe by then. The end of the output says nothing: a process that the command
    // leaves behind may keep the pipe open for ever.
    const bool ended = child.has_ended();
    pollfd ready{output.read_end.fd(), POLLIN, 0};
    const int wait = ended ? 0 : static_cast<int>(poll_interval.count());
    const int found = poll(&ready, open ? 1 : 0, wait);
    if (found > 0) {
      open = read_some(output.read_end.fd(), bytes, name);
    } else if (ended) {
      break;
    }
    if (steady_clock::now() > deadline) refuse_slow(name, limit);
  }
  check_status(name, child.status());
  return bytes;
}

void run_command(char* const* argv, char* const* environment, std::chrono::milliseconds limit) {
  const std::string name = argv[0];
  Child child(start(argv, environment,
                    [] {
                      setpgid(0, 0);
                      prepare_child(STDERR_FILENO);
                    }),
              KillsAtEnd::group);
  const Waiting waiting("command " + name);
  const auto deadline = steady_clock::now() + limit;
  while (!child.has_ended()) {
    if (steady_clock::now() > deadline) refuse_slow(name, limit);
    std::this_thread::sleep_for(poll_interval);
  }
  check_status(name, child.status());
}

}  // namespace rolecall
