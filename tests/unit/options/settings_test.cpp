#include "options/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "commands/all_commands.h"
#include "options/command_line.h"
#include "options/environment.h"
#include "unit/support/scratch_directory.h"

namespace rolecall::cli {
namespace {

constexpr const char* option = "pkcs8-password";

std::string_view secret_of(const Settings& settings) {
  const auto secret = settings.secret(option);
  return secret ? secret->view() : std::string_view("none");
}

// No std::string has the password, because nothing would wipe it.
TEST(SettingsOfSecrets, AreInNoString) {
  const auto no_file = std::make_shared<const ConfigFile>();
  const CommandLine line =
      read_command_line(serve_command, {"--pkcs8-password", "hash", "--pkcs8-password=hush"});
  EXPECT_TRUE(line.find(option)->values.empty());
  const Settings from_line(serve_command, line, no_file, "");
  EXPECT_EQ(secret_of(from_line), "hush");
  EXPECT_EQ(from_line.text(option), "");
  EXPECT_TRUE(from_line.all(option).empty());
  EXPECT_TRUE(from_line.is_not_empty(option));

  const CommandLine nothing;
  setenv("ROLECALL_PKCS8_PASSWORD", "hush", 1);
  const Settings from_variable(serve_command, nothing, no_file, "");
  EXPECT_EQ(secret_of(from_variable), "hush");
  EXPECT_EQ(from_variable.text(option), "");
  EXPECT_EQ(getenv("ROLECALL_PKCS8_PASSWORD"), nullptr);
  // The value is kept for the whole process: other tests must not get it.
  setenv("ROLECALL_PKCS8_PASSWORD", "", 1);
  EXPECT_TRUE(take_secret_variable("ROLECALL_PKCS8_PASSWORD")->empty());
}

TEST(SettingsOfSecrets, AreInNoStringOfTheConfigurationFile) {
  const ScratchDirectory directory;
  const std::string path = directory / "config.toml";
  std::ofstream(path) << "region = \"x\"\n[binding.b]\ntpm-key-password = \"hush\"\n";
  const auto file = std::make_shared<const ConfigFile>(read_config_file(path));
  const Setting& setting = file->tables.at("binding.b").front();
  EXPECT_TRUE(setting.values.empty());
  EXPECT_EQ(setting.secret->view(), "hush");
  const CommandLine nothing;
  const Settings settings(serve_command, nothing, file, "b");
  ASSERT_NE(settings.secret("tpm-key-password"), nullptr);
  EXPECT_EQ(settings.secret("tpm-key-password")->view(), "hush");
  EXPECT_EQ(settings.text("tpm-key-password"), "");
  EXPECT_EQ(settings.text("region"), "x");
}

TEST(SettingsOfSecrets, AnEmptyOneCountsAsSet) {
  const CommandLine line = read_command_line(serve_command, {"--tpm-key-password="});
  const Settings settings(serve_command, line, std::make_shared<const ConfigFile>(), "");
  EXPECT_TRUE(settings.has("tpm-key-password"));
  EXPECT_FALSE(settings.is_not_empty("tpm-key-password"));
  EXPECT_EQ(settings.secret("tpm-key-password"), nullptr);
}

}  // namespace
}  // namespace rolecall::cli
