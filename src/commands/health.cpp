// rolecall health: asks a running serve whether it has credentials, for probes of supervisors.
#include <array>
#include <string>

#include "base/codec.h"
#include "base/deadline.h"
#include "base/json.h"
#include "base/text.h"
#include "commands/all_commands.h"
#include "http/listener.h"
#include "options/options.h"
#include "options/settings.h"
#include "rolecall/error.h"
#include "serve/health_client.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

// serve answers at once, because it makes no request for the answer. So this is long enough also
// for a machine that is busy.
constexpr std::chrono::milliseconds health_time_limit{3000};

// Supervisors keep the output of a probe, often only its first line. So the message contains what
// the hint of another command would say.
[[noreturn]] void throw_unreachable(const std::string& what) {
  throw Error(ErrorKind::try_later, what +
                                        "; is rolecall serve running, with this `port` and this "
                                        "`address`?");
}

serve::HealthAnswer ask_serve(const http::SocketName& name) {
  try {
    return serve::ask_health(name, Deadline(health_time_limit));
  } catch (const Error& error) {
    throw_unreachable(error.what());
  }
}

// Which renewals wait for hardware, as in "; renewal of app: …". Empty if none does.
std::string waits_text(const json& body) {
  std::string text;
  const json* waits = member(body, "waits");
  if (waits == nullptr || !waits->is_object()) return text;
  for (const auto& [binding, what] : waits->items())
    if (what.is_string()) text += "; renewal of " + binding + ": " + what.get<std::string>();
  return text;
}

void run_health(const Settings& settings, const CommandLine& line) {
  // Where serve listens with the same configuration file and the same variables.
  const Settings serves(serve_command, line, settings.shared_file(), {});
  const auto value = [&](std::string_view name) {
    return settings.has(name) ? settings.text(name) : serves.text(name);
  };
  const std::string address = value("address");
  http::check_is_address(address);
  const int port = parse_number<int>(value("port")).value_or(0);
  if (port == 0) {
    throw Error(ErrorKind::usage, "serve takes any free port, so health does not know which",
                "use `port` with the port that the log of rolecall serve names");
  }
  const bool ipv6 = address.find(':') != std::string::npos;
  const auto [origin, answer] = ask_serve({.address = address, .port = port, .ipv6 = ipv6});
  const json body = parse_json(answer.body.view());
  const std::string_view status = text_member(body, "status").value_or("");
  const std::string url = origin.text();
  if (answer.status == 200 && status == "ok") {
    return print_result(
        terminal_safe("healthy: rolecall serve at " + url + " has credentials" + waits_text(body)) +
        "\n");
  }
  const json* bindings = member(body, "bindings");
  if (answer.status != 503 || status.empty() || bindings == nullptr || !bindings->is_array()) {
    throw_unreachable(
        cat("the answer of ", url, " is not that of rolecall serve (HTTP ", answer.status, ")"));
  }
  const auto name = [](const json& one) {
    return one.is_string() ? one.get<std::string>() : to_text(one);
  };
  throw Error(ErrorKind::failed,
              terminal_safe("rolecall serve at " + url + " has no valid credentials for " +
                            join(*bindings, ", ", name) + waits_text(body) + "; its log says why"));
}

constexpr const char* asked_server_group = "Server";
constexpr std::array<Option, 2> health_options = {{
    {.name = "port",
     .kind = Kind::number,
     .group = asked_server_group,
     .value = "PORT",
     .help = "The TCP port of serve.",
     .default_value = "9911",
     .unit = Unit::port,
     .minimum = 1,
     .maximum = 65535},
    {.name = "address",
     .group = asked_server_group,
     .value = "ADDRESS",
     .help = "The IP address of serve.",
     .default_value = "127.0.0.1"},
}};

}  // namespace

constinit const Command health_command = {
    .name = "health",
    .summary = "Ask whether rolecall serve has valid credentials",
    .description =
        "This command asks a running \"rolecall serve\" and prints one line. It is for probes of "
        "containers and services, also in images without a shell. No token is needed, and no "
        "proxy is used. If serve does not answer within 3 seconds, the command fails.\n\n"
        "The exit code is 0 if serve has valid credentials for each of its bindings, 1 if not, "
        "and 3 if serve cannot be reached.",
    .footer =
        "Examples:\n"
        "  rolecall health\n"
        "  rolecall health --port 9912",
    .options = {health_options, configuration_options},
    .run = run_health,
    .settings_scope = SettingsScope::own,
};

}  // namespace rolecall::cli
