#include "sandbox/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "unit/support/scratch_directory.h"

namespace rolecall::sandbox {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool filters_calls = false;
#else
constexpr bool filters_calls = true;
#endif

// Runs `check` in a child, because nothing leaves the sandbox. It returns what is wrong, or
// nothing.
std::string in_child(const std::function<std::string()>& check) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string wrong = check();
    [[maybe_unused]] const ssize_t written = write(ends[1], wrong.data(), wrong.size());
    _exit(0);
  }
  close(ends[1]);
  std::string wrong;
  std::array<char, 256> bytes{};
  for (ssize_t got = 0; (got = read(ends[0], bytes.data(), bytes.size())) > 0;)
    wrong.append(bytes.data(), static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) wrong += "; the child ended with status " + std::to_string(status);
  return wrong;
}

bool can_read(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0) close(file);
  return file >= 0;
}

bool can_make(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
  return file >= 0;
}

void put(const std::string& path) {
  std::ofstream(path) << "text";
}

class Sandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"read", "written", "other"})
      std::filesystem::create_directory(in(name));
    put(in("read/leaf.pem"));
    put(in("other/secret"));
  }

  std::string in(const std::string& name) const { return directory_ / name; }

  Needs needs() const { return {.read = {in("read/leaf.pem")}, .write = {in("written/file")}}; }

  static void skip_without(const std::string& name) {
    for (const Measure& measure : missing_in_kernel())
      if (measure.name == name) GTEST_SKIP() << measure.reason_it_is_off;
  }

  ScratchDirectory directory_;
};

class SandboxOfFiles : public Sandbox {
 protected:
  void SetUp() override {
    Sandbox::SetUp();
    skip_without("files");
  }
};

class SandboxOfCalls : public Sandbox {
 protected:
  void SetUp() override {
    Sandbox::SetUp();
    if (!filters_calls) GTEST_SKIP() << "a sanitizer uses other calls";
    skip_without("system calls");
  }
};

TEST_F(SandboxOfFiles, OnlyFilesThatAreNeededCanBeUsed) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              if (!can_read(in("read/leaf.pem"))) return "leaf.pem";
              if (!can_read("/etc/passwd")) return "/etc/passwd";
              if (can_read(in("other/secret"))) return "other/secret";
              if (can_make(in("read/new"))) return "read/new";
              if (can_make(in("other/new"))) return "other/new";
              if (!can_make(in("written/new"))) return "written/new";
              if (rename(in("written/new").c_str(), in("written/file").c_str()) != 0)
                return "rename";
              if (unlink(in("written/file").c_str()) != 0) return "unlink";
              if (unlink(in("other/secret").c_str()) == 0) return "unlink of secret";
              return {};
            }),
            "");
}

TEST_F(SandboxOfFiles, FilesMayBeReplaced) {
  std::filesystem::create_symlink("leaf.pem", in("read/link.pem"));
  EXPECT_EQ(in_child([this]() -> std::string {
              enter({.read = {in("read/link.pem")}}, Threads::only_this);
              return can_read(in("read/link.pem")) ? "" : "link.pem";
            }),
            "");
  // Its target is somewhere else, as in /etc/letsencrypt/live.
  std::filesystem::create_symlink(in("other/secret"), in("read/far.pem"));
  EXPECT_EQ(in_child([this]() -> std::string {
              enter({.read = {in("read/far.pem")}}, Threads::only_this);
              return can_read(in("read/far.pem")) && can_read(in("other/secret")) ? "" : "far.pem";
            }),
            "");
}

TEST_F(SandboxOfFiles, ADirectoryMayBecomeALinkToAnotherVersion) {
  for (const char* name : {"versions", "versions/1", "versions/2"})
    std::filesystem::create_directory(in(name));
  put(in("versions/2/leaf.pem"));
  std::filesystem::create_directory_symlink("versions/1", in("current"));
  EXPECT_EQ(in_child([this]() -> std::string {
              enter({.read = {in("current/leaf.pem")}}, Threads::only_this);
              if (!can_read(in("versions/2/leaf.pem"))) return "versions/2";
              return can_read(in("other/secret")) ? "other/secret" : "";
            }),
            "");
}

TEST_F(SandboxOfFiles, ATargetOfALinkThatDoesNotExistYetCanBeMade) {
  std::filesystem::create_symlink("../other/credentials", in("written/file"));
  EXPECT_EQ(in_child([this]() -> std::string {
              enter({.write = {in("written/file")}}, Threads::only_this);
              return can_make(in("other/credentials")) ? "" : "other/credentials";
            }),
            "");
}

TEST_F(SandboxOfFiles, ADirectoryThatDoesNotExistYetCanBeMade) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter({.write = {in("written/a/b/file")}}, Threads::only_this);
              std::error_code error;
              std::filesystem::create_directories(in("written/a/b"), error);
              return !error && can_make(in("written/a/b/file")) ? "" : "written/a/b/file";
            }),
            "");
}

TEST_F(SandboxOfCalls, NoProgramCanBeStarted) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              const pid_t child = fork();
              if (child == 0) _exit(0);
              if (child != -1) return "fork";
              execl("/bin/true", "true", nullptr);
              return {};
            }),
            "");
}

TEST_F(SandboxOfCalls, OtherCallsFail) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != -1 || errno != ENOSYS)
                return "ptrace";
              if (mount("none", "/mnt", "tmpfs", 0, nullptr) != -1 || errno != ENOSYS)
                return "mount";
              if (kill(getpid(), 0) != -1) return "kill";
              if (socket(AF_PACKET, SOCK_RAW, 0) != -1 || errno != EAFNOSUPPORT) return "AF_PACKET";
              const int local = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
              if (local == -1) return "AF_INET";
              bool ran = false;
              std::thread([&ran] { ran = true; }).join();
              return ran ? "" : "thread";
            }),
            "");
}

// Landlock has no rule for these.
TEST_F(SandboxOfCalls, NoModeOwnerOrAttributeOfAnotherFileCanBeChanged) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              const std::string secret = in("other/secret");
              if (chmod(secret.c_str(), 0666) == 0) return "chmod";
              if (lchown(secret.c_str(), 0, 0) == 0) return "chown";
              if (setxattr(secret.c_str(), "user.name", "value", 5, 0) == 0) return "setxattr";
              if (utimensat(AT_FDCWD, secret.c_str(), nullptr, 0) == 0) return "utimensat";
              const int own = open(in("read/leaf.pem").c_str(), O_RDONLY | O_CLOEXEC);
              if (fchmod(own, 0600) != 0) return "fchmod";
              return fchmod(own, 04755) == 0 ? "setuid" : "";
            }),
            "");
}

TEST_F(SandboxOfCalls, NoOtherPortCanBeListenedOn) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              // Without bind, a port that is free is taken.
              const int local = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
              return listen(local, 1) == 0 ? "listen" : "";
            }),
            "");
}

TEST_F(SandboxOfCalls, OtherProcessesGetNoSignalsAndNoLimits) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              const pid_t other = getppid();
              if (syscall(SYS_tgkill, other, other, 0) == 0) return "tgkill";
              if (prlimit(other, RLIMIT_CORE, nullptr, nullptr) == 0) return "prlimit";
              if (syscall(SYS_tgkill, getpid(), gettid(), 0) != 0) return "own tgkill";
              rlimit limit{};
              return getrlimit(RLIMIT_CORE, &limit) == 0 ? "" : "getrlimit";
            }),
            "");
}

TEST_F(SandboxOfCalls, ThreadsThatRunAreRestrictedToo) {
  EXPECT_EQ(in_child([this]() -> std::string {
              std::atomic<bool> entered = false;
              bool refused = false;
              std::thread earlier([&] {
                while (!entered)
                  std::this_thread::yield();
                refused = ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1 && errno == ENOSYS;
              });
              enter(needs(), Threads::all);
              entered = true;
              earlier.join();
              return refused ? "" : "ptrace";
            }),
            "");
}

TEST_F(SandboxOfCalls, AChildCanGetSignals) {
  EXPECT_EQ(in_child([]() -> std::string {
              enter({.signals_child = true}, Threads::all);
              return kill(getpid(), 0) == 0 ? "" : "kill";
            }),
            "");
}

TEST_F(Sandbox, RootKeepsFewCapabilities) {
  EXPECT_EQ(in_child([this]() -> std::string {
              enter(needs(), Threads::only_this);
              std::ifstream status("/proc/self/status");
              const std::string words((std::istreambuf_iterator<char>(status)), {});
              const std::size_t at = words.find("CapEff:\t");
              const auto effective = std::stoull(words.substr(at + 8, 16), nullptr, 16);
              return (effective & ~std::uint64_t{0x40cf}) == 0 ? "" : words.substr(at, 24);
            }),
            "");
}

TEST_F(Sandbox, WithModulesAllFilesAndCallsStay) {
  EXPECT_EQ(in_child([this]() -> std::string {
              Needs all = needs();
              all.loads_modules = true;
              const std::string said = text(enter(all, Threads::only_this));
              if (said.find("files (modules") == std::string::npos) return said;
              return can_read(in("other/secret")) ? "" : "other/secret";
            }),
            "");
}

TEST_F(Sandbox, WithProgramsAllRightsStay) {
  EXPECT_EQ(in_child([this]() -> std::string {
              Needs all = needs();
              all.starts_programs = true;
              enter(all, Threads::only_this);
              // setuid programs, such as sudo, must work.
              std::ifstream status("/proc/self/status");
              const std::string words((std::istreambuf_iterator<char>(status)), {});
              return words.find("NoNewPrivs:\t0") != std::string::npos ? "" : words;
            }),
            "");
}

TEST_F(Sandbox, TheTextNamesWhatIsOnAndWhatIsOff) {
  EXPECT_EQ(text({{"files", ""}, {"system calls", "no kernel"}}),
            "on: files; off: system calls (no kernel)");
  EXPECT_EQ(text({{"files", "none"}}), "on: nothing; off: files (none)");
}

}  // namespace
}  // namespace rolecall::sandbox
