#include "base/spawn.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace rolecall {
namespace {

// The exit code of the program, whose words must outlive the call.
int run(std::vector<std::string> words, char* const* environment) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  const Spawned child = spawn(argv.data(), environment, [] {});
  if (child.error != 0) return -child.error;
  int status = 0;
  EXPECT_EQ(waitpid(child.pid, &status, 0), child.pid);
  return WEXITSTATUS(status);
}

TEST(Spawn, TheEnvironmentIsThatOrOurs) {
  std::string variable = "ROLECALL_SPAWN=there";
  char* environment[] = {variable.data(), nullptr};
  const std::vector<std::string> look = {"/bin/sh", "-c", "test \"$ROLECALL_SPAWN\" = there"};
  EXPECT_EQ(run(look, environment), 0);
  EXPECT_EQ(run(look, nullptr), 1);
  EXPECT_EQ(run({"sh", "-c", "test -n \"$PATH\""}, nullptr), 0);
}

TEST(Spawn, TellsWhyAProgramCannotRun) {
  EXPECT_EQ(run({"/none/such"}, nullptr), -ENOENT);
  EXPECT_EQ(run({"/etc/passwd"}, nullptr), -EACCES);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "nothing of them is left";
  EXPECT_EQ(errno, ECHILD);
}

TEST(Spawn, PreparesInTheChild) {
  std::string word = "true";
  char* argv[] = {word.data(), nullptr};
  const Spawned child = spawn(argv, nullptr, [] { _exit(9); });
  EXPECT_EQ(child.error, 0);
  int status = 0;
  waitpid(child.pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

}  // namespace
}  // namespace rolecall
