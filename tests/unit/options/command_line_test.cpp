#include "options/command_line.h"

#include <gtest/gtest.h>

#include "commands/all_commands.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

using Words = std::vector<std::string>;

CommandLine read(const Words& words) {
  return read_command_line(serve_command, {words.begin(), words.end()});
}

Words values(const CommandLine& line, std::string_view option) {
  const CommandLine::OptionValues* entry = line.find(option);
  if (entry != nullptr && entry->secret) return {std::string(entry->secret->view())};
  return entry == nullptr ? Words() : entry->values;
}

std::string error_of(const Command& command, const Words& words) {
  try {
    read_command_line(command, {words.begin(), words.end()});
    return {};
  } catch (const Error& error) {
    return std::string(error.what()) + "; " + error.hint();
  }
}

TEST(CommandLine, TakesValuesInBothForms) {
  EXPECT_EQ(values(read({"--port", "1"}), "port"), Words{"1"});
  EXPECT_EQ(values(read({"--port=1"}), "port"), Words{"1"});
  EXPECT_EQ(values(read({"--endpoint=http://x/?a=b"}), "endpoint"), Words{"http://x/?a=b"});
  EXPECT_EQ(values(read({"--region="}), "region"), Words{""});
  EXPECT_EQ(values(read({"--region", ""}), "region"), Words{""});
  EXPECT_EQ(values(read({"--region", "-x"}), "region"), Words{"-x"});
  EXPECT_EQ(values(read({}), "port"), Words());
}

TEST(CommandLine, KeepsAllOfSeveralAndChecksTheLastUnlessTheOptionIsRepeatable) {
  EXPECT_EQ(values(read({"--port", "x", "--port=2"}), "port"), (Words{"x", "2"}));
  EXPECT_THROW(read({"--port", "2", "--port=x"}), Error);
  EXPECT_THROW(read({"--allow-host", "a/b", "--allow-host=b"}), Error);
  EXPECT_EQ(values(read({"--allow-host", "a", "--allow-host=b"}), "allow-host"), (Words{"a", "b"}));
}

TEST(CommandLine, TakesSwitchesWithoutAValueOrWithOneInTheSameWord) {
  EXPECT_EQ(values(read({"--lazy"}), "lazy"), Words{"true"});
  EXPECT_EQ(values(read({"--lazy=false"}), "lazy"), Words{"false"});
  EXPECT_EQ(error_of(serve_command, {"--lazy", "false"}),
            "unexpected argument \"false\"; values with spaces need quotes: double quotes in "
            "~/.aws/config");
}

TEST(CommandLine, TakesTheSpellingsOfAwsAndAnOptionOfWindows) {
  EXPECT_EQ(values(read({"--use-fips-endpoint"}), "use-fips"), Words{"true"});
  EXPECT_EQ(values(read({"--use-dualstack-endpoint=false"}), "use-dualstack"), Words{"false"});
  EXPECT_EQ(values(read({"--system-store-name", "MY", "--port", "1"}), "port"), Words{"1"});
  EXPECT_EQ(values(read({"--system-store-name", "--port", "1"}), "port"), Words{"1"});
}

TEST(CommandLine, KeepsACommandBehindTwoDashes) {
  const CommandLine line =
      read_command_line(exec_command, {"--refresh", "--", "x", "--", "--help"});
  EXPECT_EQ(line.command_to_run, (Words{"x", "--", "--help"}));
  EXPECT_FALSE(line.asks_for_help);
  EXPECT_TRUE(read_command_line(exec_command, {"--help"}).asks_for_help);
  EXPECT_TRUE(error_of(exec_command, {"aws", "s3"}).starts_with("there is no command to run; "));
}

TEST(CommandLine, GivesHelpWhateverElseIsWrong) {
  for (const Words& words : {Words{"-h"}, Words{"x", "--help"}, Words{"--nothing", "-h"}})
    EXPECT_TRUE(read(words).asks_for_help);
}

TEST(CommandLine, SaysWhatWasMeant) {
  const auto serve = [](const Words& words) { return error_of(serve_command, words); };
  EXPECT_EQ(serve({"--prt", "1"}), "unknown option --prt; did you mean --port?");
  EXPECT_EQ(serve({"--no-imds"}), "unknown option --no-imds; --imds=false turns it off");
  EXPECT_TRUE(serve({"--port"}).starts_with("--port needs a value; --port PORT; "));
  EXPECT_EQ(serve({"--port", "--lazy"}),
            "--port needs a value, but --lazy follows it; --port PORT");
  EXPECT_TRUE(serve({"--lazy", "\\"}).starts_with("the arguments contain the end of a line"));
  EXPECT_TRUE(serve({"--certificate", "\\", "--port", "1", "\\"})
                  .starts_with("the arguments contain the end of a line"));
  EXPECT_TRUE(serve({""}).starts_with("unexpected empty argument"));
}

TEST(CommandLine, TakesNoOtherOptionForAValue) {
  const std::string refused = "--certificate needs a value, but --";
  for (const std::string next : {"--lazy", "--use-fips-endpoint", "--pkcs8-password=secret"}) {
    const std::string error = error_of(serve_command, {"--certificate", next, "--port", "1"});
    EXPECT_TRUE(error.starts_with(refused)) << error;
    EXPECT_EQ(error.find("secret"), std::string::npos);
  }
  EXPECT_TRUE(error_of(exec_command, {"--binding", "--", "ls"})
                  .starts_with("--binding needs a value; --binding NAME; "));
  EXPECT_TRUE(error_of(serve_command, {"--hlep"}).ends_with("did you mean --help?"));
}

TEST(CommandLine, TakesOneOperand) {
  EXPECT_EQ(read_command_line(cache_command, {"list"}).operand, "list");
  EXPECT_EQ(read_command_line(cache_command, {"--", "list"}).operand, "list");
  EXPECT_NE(error_of(cache_command, {"", "list"}), "");
  EXPECT_NE(error_of(cache_command, {"list", "clear"}), "");
}

TEST(CommandLine, NeverShowsWhatMayBeAPassword) {
  EXPECT_EQ(error_of(serve_command, {"--private-key", "pkcs11:a?pin-value=12", "34PIN"}).find("34"),
            std::string::npos);
  EXPECT_EQ(error_of(serve_command, {"--pkcs8-password", "se", "cret"}).find("cret"),
            std::string::npos);
  EXPECT_EQ(error_of(serve_command, {"--password-source", "command:a", "cret"}).find("cret"),
            std::string::npos);
  EXPECT_EQ(values(read({"--pkcs8-password", "--port"}), "pkcs8-password"), Words{"--port"});
}

}  // namespace
}  // namespace rolecall::cli
