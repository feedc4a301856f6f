// rolecall env: prints the variables by which SDKs find the container credentials endpoint of
// serve.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/deadline.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "commands/all_commands.h"
#include "commands/child_environment.h"
#include "commands/systemd.h"
#include "options/binding_lists.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/settings.h"
#include "rolecall/error.h"
#include "serve/binding.h"
#include "serve/health_client.h"
#include "serve/server_options.h"
#include "serve/token_files.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

// The value as one word, for a shell and for systemd: unchanged if it has only harmless characters,
// otherwise in single quotes.
std::string quoted_for_files(const std::string& value) {
  if (value.find_first_of("'\n\r") != std::string::npos) {
    throw Error(ErrorKind::usage,
                "a quote or a line feed in " + value + " cannot be printed safely",
                "use another directory with --token-dir");
  }
  return only(value, letters_and_digits, "_-./:[]@%+,") ? value : "'" + value + "'";
}

// The shell that evaluates the output also has these variables and files, and SDKs may prefer the
// credentials in them.
void warn_of_other_credentials() {
  const std::string precedence = "takes precedence over the endpoint of serve ";
  try {
    for (const std::string& location : other_credentials_in_files())
      print_warning(location + ", " + precedence + "in AWS SDKs; remove it");
  } catch (const Error& error) {
    print_warning(error.what());
  }
  for (const auto& [name, row] : other_variables_in_effect()) {
    if (row.precedence_over_endpoint.empty()) continue;
    print_warning(
        cat(name, " in the environment ", precedence, row.precedence_over_endpoint, "; unset it"));
  }
}

// The origin of a URI that serve has written, such as http://127.0.0.1:9911/credentials/default.
http::Origin origin_of(std::string_view uri) {
  const std::string_view scheme = uri.substr(0, uri.find(':'));
  const std::string_view rest = uri.substr(std::min(scheme.size() + 3, uri.size()));
  const auto server = http::parse_socket_name(rest.substr(0, rest.find('/')));
  http::Origin origin = serve::loopback_origin(server.value_or(http::SocketName()));
  origin.scheme = scheme;
  return origin;
}

// Whether serve answers and has credentials for this binding.
bool is_ready(const serve::ContainerFiles& files, const std::string& binding,
              const Deadline& deadline) {
  try {
    const http::Response answer = serve::get_health(origin_of(files.uri), deadline);
    if (answer.status == 200) return true;
    const json body = parse_json(answer.body.view());
    const json* without = member(body, "bindings");
    if (answer.status != 503 || without == nullptr) return false;
    return std::find(without->begin(), without->end(), binding) == without->end();
  } catch (const Error&) {
    return false;
  }
}

serve::ContainerFiles wait_for_container_files(const std::string& directory,
                                               const std::string& binding, milliseconds timeout) {
  constexpr milliseconds pause{50};
  const Deadline deadline(timeout);
  for (;;) {
    auto files = serve::find_container_files(directory, binding);
    if (files && (timeout == pause.zero() || is_ready(*files, binding, deadline))) {
      return std::move(*files);
    }
    const milliseconds left = deadline.left();
    if (left == pause.zero()) {
      const std::string uri = directory + "/" + binding + ".uri";
      if (timeout == pause.zero()) {
        throw Error(ErrorKind::usage, "there is no " + uri,
                    "is rolecall serve running, with this binding and this --token-dir? --wait 30 "
                    "waits for it");
      }
      throw Error(ErrorKind::try_later,
                  files ? "rolecall serve at " + files->uri + " did not get credentials in time"
                        : "rolecall serve did not write " + uri + " in time",
                  "the log of rolecall serve says what it waits for; is it running, with this "
                  "binding and this --token-dir?");
    }
    std::this_thread::sleep_for(std::min(left, pause));
  }
}

// Without --binding: the only binding in the list of serve, otherwise the name that serve gives to
// its options if it has no binding.
std::string binding_of_serve(const Settings& settings) {
  const Setting* list = list_of_bindings(serve_command, settings.file());
  if (settings.has("binding") || list == nullptr || list->values.empty())
    return settings.text("binding");
  if (list->values.size() == 1) return list->values.front();
  throw Error(ErrorKind::usage,
              "serve has several bindings (" + location_in(settings.file(), list->line) + ")",
              "choose one with --binding: " + join(list->values, ", "));
}

void run_env(const Settings& settings, const CommandLine& /*line*/) {
  const std::string binding = binding_of_serve(settings);
  const bool token_file = settings.is_on("token-file");
  const milliseconds timeout = settings.seconds("wait");
  std::string directory = settings.text("token-dir");
  if (directory.empty()) directory = runtime_directory();
  if (directory.empty()) {
    throw Error(ErrorKind::usage, "XDG_RUNTIME_DIR is not set to a directory of this user",
                "give rolecall serve and rolecall env the same directory with --token-dir, as in "
                "--token-dir ~/.rolecall");
  }
  serve::check_binding_name(binding);
  const serve::ContainerFiles files = wait_for_container_files(directory, binding, timeout);
  const bool shell = settings.text("format") == "shell";
  const std::string_view begin = shell ? "export " : "";
  Secret text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text.append(begin);
    text.append(name);
    text.append("=");
    text.append(value);
    text.append("\n");
  };
  // Some SDKs prefer the relative URI to the full one, or a token that is already set to the
  // token's file. An EnvironmentFile cannot unset a variable.
  if (shell) text.append("unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\n");
  if (shell && token_file) text.append("unset AWS_CONTAINER_AUTHORIZATION_TOKEN\n");
  line("AWS_CONTAINER_CREDENTIALS_FULL_URI", quoted_for_files(files.uri));
  if (!token_file) line("AWS_CONTAINER_AUTHORIZATION_TOKEN", files.token.view());
  // Some SDKs know only the token, others only the token's file. In an EnvironmentFile the file is
  // named only on request: the unit's user may not be able to read it, and then an SDK would use no
  // token.
  if (token_file || shell) {
    line("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
         quoted_for_files(std::filesystem::absolute(files.token_path).string()));
  }
  if (shell) warn_of_other_credentials();
  write_all(STDOUT_FILENO, text.view(), "standard output");
}

constexpr const char* serve_group = "Server";
constexpr std::array<Option, 5> env_options = {{
    {.name = "binding",
     .group = serve_group,
     .value = "NAME",
     .help = "The binding of serve whose credentials the SDKs get.",
     .default_value = "default",
     .default_text = "the only binding of [serve] in the configuration file, otherwise default",
     .chooses_settings = true},
    token_dir_option(
        serve_group,
        "The directory with the tokens of serve. Use the same directory as for serve."),
    {.name = "format",
     .kind = Kind::choice,
     .group = output_group,
     .help = "The form of the output. shell is for eval. systemd is for a file that "
             "EnvironmentFile= names.",
     .default_value = "shell",
     .choices = "shell|systemd"},
    {.name = "token-file",
     .kind = Kind::toggle,
     .group = output_group,
     .help = "Print the name of the token's file instead of the token. SDKs of 2024 and later can "
             "read the file."},
    {.name = "wait",
     .kind = Kind::seconds,
     .group = serve_group,
     .value = "SECONDS",
     .help = "Wait until serve has credentials, for at most this time.",
     .default_text = "0 (no waiting)",
     .minimum = 0},
}};

}  // namespace

constinit const Command env_command = {
    .name = "env",
    .summary = "Print the variables by which SDKs find rolecall serve",
    .description =
        "Run this command as the user of \"rolecall serve\". The output contains the URL and the "
        "token of the container credentials endpoint. The token is a secret: anyone who has the "
        "token can get the credentials.",
    .footer =
        "Examples:\n"
        "  eval \"$(rolecall env --wait 30)\"\n"
        "  aws sts get-caller-identity",
    .options = {env_options, configuration_options},
    .run = run_env,
};

}  // namespace rolecall::cli
