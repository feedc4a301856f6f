#include "base/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>

#include "rolecall/error.h"
#include "unit/support/scratch_directory.h"

namespace rolecall {
namespace {

using testing::HasSubstr;
using Argv = std::vector<std::string>;
using namespace std::chrono_literals;

TEST(SplitCommand, PartsWordsAsAShellDoes) {
  EXPECT_EQ(split_command("pass show aws/key"), (Argv{"pass", "show", "aws/key"}));
  EXPECT_EQ(split_command("  a\t b\n c  "), (Argv{"a", "b", "c"}));
  EXPECT_EQ(split_command(R"(a 'b c' "d e" f\ g)"), (Argv{"a", "b c", "d e", "f g"}));
  EXPECT_EQ(split_command(R"(a'b'"c"\d)"), (Argv{"abcd"}));
  EXPECT_EQ(split_command(R"(a '' "")"), (Argv{"a", "", ""}));
  EXPECT_EQ(split_command(R"(a '$x `\|&' "\$x \`\"\\ \n")"),
            (Argv{"a", R"($x `\|&)", R"($x `"\ \n)"}));
  EXPECT_EQ(split_command("a * ? [x] # a=b a~ {a,b} !"),
            (Argv{"a", "*", "?", "[x]", "#", "a=b", "a~", "{a,b}", "!"}));
  EXPECT_EQ(split_command("a \xc3\xa9"), (Argv{"a", "\xc3\xa9"}));
}

TEST(SplitCommand, RefusesWhatIsForAShell) {
  for (const char* text :
       {"a | b", "a & b", "a; b", "a < b", "a > b", "a (b)", "a $b", "a `b`", "a \"$b\"",
        "a \"`b`\"", "~/bin/a", "a ~", "'a", "\"a", "a\\", "\"a\\", "", " \t\n"}) {
    EXPECT_THROW(split_command(text), Error) << text;
  }
}

std::string failure(const Argv& argv, std::chrono::milliseconds patience = 10s) {
  try {
    command_output(argv, patience);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(CommandOutput, IsAllThatItPrints) {
  EXPECT_EQ(command_output({"printf", "a b\\n"}, 10s).view(), "a b\n");
  EXPECT_EQ(command_output({"true"}, 10s).view(), "");
  EXPECT_EQ(command_output({"head", "-c", "65536", "/dev/zero"}, 10s).size(), 65536U);
  EXPECT_EQ(command_output({"echo", "$HOME", "*", ";"}, 10s).view(), "$HOME * ;\n");
}

TEST(CommandOutput, HasNoInputAndNoDescriptorOfOurs) {
  const int ours = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const std::string number = std::to_string(ours);
  EXPECT_EQ(command_output({"cat"}, 10s).view(), "");
  EXPECT_EQ(command_output({"sh", "-c", "test -e /proc/self/fd/" + number + " || echo closed"}, 10s)
                .view(),
            "closed\n");
  ::close(ours);
}

TEST(CommandOutput, SaysWhatWentWrong) {
  EXPECT_THAT(failure({"/nonexistent/program", "secret"}),
              HasSubstr("cannot start command /nonexistent/program: No such file"));
  EXPECT_THAT(failure({"/"}), HasSubstr("cannot start command /: "));
  EXPECT_EQ(failure({"sh", "-c", "exit 7"}), "command sh ended with exit code 7");
  EXPECT_EQ(failure({"sh", "-c", "kill -9 $$"}), "command sh was ended by signal 9");
  EXPECT_EQ(failure({"yes", "secret"}), "command yes printed more than 64 KiB");
  EXPECT_EQ(failure({"sleep", "60"}, 100ms), "command sleep did not end within 0.1 s");
  EXPECT_EQ(failure({"sh", "-c", "exec >&-; exec sleep 60"}, 100ms),
            "command sh did not end within 0.1 s");
}

TEST(CommandOutput, DoesNotWaitForWhatItLeavesBehind) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(command_output({"sh", "-c", "sleep 5 & echo x"}, 20s).view(), "x\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

std::string failure_of_run(Argv words, std::chrono::milliseconds patience = 10s,
                           char* const* environment = nullptr) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  try {
    run_command(argv.data(), environment, patience);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(RunCommand, SaysWhatWentWrong) {
  EXPECT_EQ(failure_of_run({"true"}), "no error");
  EXPECT_EQ(failure_of_run({"cat"}), "no error");  // there is no input
  EXPECT_THAT(failure_of_run({"/nonexistent/program", "secret"}),
              HasSubstr("cannot start command /nonexistent/program: No such file"));
  EXPECT_EQ(failure_of_run({"sh", "-c", "exit 7"}), "command sh ended with exit code 7");
  EXPECT_EQ(failure_of_run({"sh", "-c", "kill -9 $$"}), "command sh was ended by signal 9");
}

TEST(RunCommand, HasOnlyTheGivenEnvironment) {
  std::string path = "PATH=/usr/bin:/bin";
  std::string given = "GIVEN=1";
  const std::array<char*, 3> environment = {path.data(), given.data(), nullptr};
  EXPECT_EQ(failure_of_run({"sh", "-c", "test \"$GIVEN\" = 1 && test -z \"$HOME\""}, 10s,
                           environment.data()),
            "no error");
}

TEST(RunCommand, EndsAllThatACommandStartedIfItHangs) {
  const ScratchDirectory directory;
  const std::string file = directory / "child";
  EXPECT_EQ(failure_of_run({"sh", "-c", "sleep 1000 & echo $! >" + file + "; wait"}, 500ms),
            "command sh did not end within 0.5 s");
  pid_t child = 0;
  std::ifstream(file) >> child;
  ASSERT_GT(child, 0);
  // Nobody may have waited for it yet, but it does not run any more.
  std::string state;
  const auto end = std::chrono::steady_clock::now() + 10s;
  do {
    state.clear();
    std::ifstream status("/proc/" + std::to_string(child) + "/stat");
    std::string id;
    std::string name;
    status >> id >> name >> state;
  } while (!state.empty() && state != "Z" && std::chrono::steady_clock::now() < end);
  EXPECT_TRUE(state.empty() || state == "Z") << state;
}

}  // namespace
}  // namespace rolecall
