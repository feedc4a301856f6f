// rolecall env: how a program finds the container credentials endpoint of serve.
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "base/process.h"
#include "cli/child_environment.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/systemd.h"
#include "cli/ui.h"
#include "rolecall/error.h"
#include "serve/binding.h"
#include "serve/token_files.h"

namespace rolecall::cli {
namespace {

// For a shell and for systemd alike: as it is where it has only harmless characters, else between
// single quotes.
std::string quoted(const std::string& value) {
  if (value.find_first_of("'\n\r") != std::string::npos) {
    throw Error(ErrorKind::usage,
                "a quote or a line feed in " + value + " cannot be printed safely",
                "name another directory with --token-dir");
  }
  const bool harmless =
      value.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:[]@%+,") ==
      std::string::npos;
  return harmless ? value : "'" + value + "'";
}

// A shell that evaluates the lines has its own environment and files besides.
void warn_of_other_credentials() {
  std::vector<std::string> found = other_credentials_in_files();
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"}) {
    if (!environment(name).empty()) found.push_back(name + std::string(" in the environment"));
  }
  for (const std::string& place : found)
    print_warning(place + ", takes precedence over the endpoint of serve in AWS SDKs; remove it");
}

}  // namespace

void env(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();
  std::string binding = "default";
  std::string directory;
  std::string format = "shell";
  bool token_file = false;
  add_text(app, "--binding", binding, "NAME", "Whose credentials. Default: default");
  add_text(app, "--token-dir", directory, "DIR",
           "As serve was given it. Default: $RUNTIME_DIRECTORY, else\n$XDG_RUNTIME_DIR/rolecall");
  add_choice(app, "--format", format, {"shell", "systemd"},
             "shell: lines for eval. systemd: lines for an EnvironmentFile=.\nDefault: shell");
  add_switch(app, "--token-file", token_file,
             "Name the token's file, and do not print the token: for SDKs\nfrom 2024 on");
  parse(app,
        "Example:\n"
        "  eval \"$(rolecall env)\" && aws sts get-caller-identity\n"
        "The token is a secret: whoever has it gets the credentials.",
        std::move(arguments));
  if (directory.empty()) directory = runtime_directory();
  if (directory.empty()) {
    throw Error(ErrorKind::usage, "there is no XDG_RUNTIME_DIR of this user's",
                "name the directory that serve was given with --token-dir");
  }
  serve::check_binding_name(binding);
  const serve::ContainerFiles files = serve::read_container_files(directory, binding);
  const bool shell = format == "shell";
  const std::string_view begin = shell ? "export " : "";
  Secret text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text.append(begin);
    text.append(name);
    text.append("=");
    text.append(value);
    text.append("\n");
  };
  // Some SDKs prefer it to the URI below, or an older token to its file. An EnvironmentFile cannot
  // take a variable away.
  if (shell) text.append("unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\n");
  if (shell && token_file) text.append("unset AWS_CONTAINER_AUTHORIZATION_TOKEN\n");
  line("AWS_CONTAINER_CREDENTIALS_FULL_URI", quoted(files.uri));
  if (!token_file) line("AWS_CONTAINER_AUTHORIZATION_TOKEN", files.token.view());
  // Some SDKs know only the one, some only the other. Of an EnvironmentFile it is not known that
  // its unit's user can read the file, and an SDK does without the token then.
  if (token_file || shell) {
    line("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
         quoted(std::filesystem::absolute(files.token_path).string()));
  }
  if (shell) warn_of_other_credentials();
  write_all(STDOUT_FILENO, text.view(), "standard output");
}

}  // namespace rolecall::cli
