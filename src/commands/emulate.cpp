// rolecall emulate: serves the offline endpoint on a TCP port.
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/files.h"
#include "base/signals.h"
#include "commands/all_commands.h"
#include "commands/server_tls.h"
#include "emulate/emulator.h"
#include "http/server.h"
#include "options/options.h"
#include "options/settings.h"
#include "rolecall/error.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

std::string read_text(std::string_view what, const std::string& path) {
  return std::string(read_file(what, path).bytes.view());
}

emulate::Options emulator_options(const Settings& settings) {
  const std::string trust_anchor = settings.text("trust-anchor");
  if (trust_anchor.empty()) throw settings.missing("--trust-anchor");
  emulate::Options options;
  options.trust_anchor = {"trust anchor file " + trust_anchor,
                          read_text("trust anchor file", trust_anchor)};
  for (const std::string& path : settings.all("crl"))
    options.crls.push_back({"CRL file " + path, read_text("CRL file", path)});
  options.allowed_roles = settings.all("role-arn");
  options.session_duration_max = std::chrono::seconds(settings.number("session-duration-max"));
  options.accept_role_session_name = settings.is_on("accept-role-session-name");
  if (const std::string path = settings.text("trust-policy"); !path.empty()) {
    const std::string what = "trust policy file";
    options.trust_policy.emplace(read_text(what, path), what + " " + path);
  }
  for (const std::string& fault : settings.all("fault"))
    options.faults.push_back(emulate::parse_fault(fault));
  return options;
}

http::Listener listener(const Settings& settings) {
  const std::string address = settings.text("address");
  if (!settings.is_on("allow-remote")) http::check_is_loopback(address);
  return http::Listener(address, static_cast<int>(settings.number("port")));
}

http::ServerOptions server_options(const Settings& settings) {
  const ServerTls tls(settings, {});
  http::ServerOptions options;
  // A leaf and five issuers with keys and signatures of ML-DSA-87 need more than 64 KiB of headers.
  options.connection_memory = 128 * 1024;
  options.tls_certificate = tls.certificate();
  options.tls_key = tls.key().copy();
  return options;
}

// Waits of responses, for --fault delay. end() ends all of them when the process must stop.
class Pause {
 public:
  void wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return over_; });
  }
  void end() {
    const std::scoped_lock lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
};

void run_emulate(const Settings& settings, const CommandLine& /*line*/) {
  const http::ServerOptions tls = server_options(settings);
  emulate::Emulator emulator(emulator_options(settings));
  const bool logs = settings.is_on("log");
  Pause pause;

  // Before any thread starts, so that all threads block these signals.
  const Signals signals({SIGINT, SIGTERM});
  const auto respond = [&](const http::Request& request) {
    using std::chrono::steady_clock;
    const auto start = steady_clock::now();
    emulate::LoggedResponse answer = emulator.handle(request, std::chrono::system_clock::now());
    if (answer.delay.count() > 0) pause.wait(answer.delay);
    if (logs) {
      const auto took =
          std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
      write_log(emulate::log_line(answer.log, took) + "\n");
    }
    return std::move(answer.response);
  };
  http::Server server(listener(settings), tls, respond);
  write_all(STDOUT_FILENO, "listening on " + server.url() + "\n", "stdout");

  while (signals.wait(std::chrono::hours(1)).si_signo == 0) {
  }
  pause.end();
}

constexpr const char* service_group = "Emulated service";
constexpr const char* server_group = "Server";
constexpr std::array<Option, 6> service_options = {{
    {.name = "trust-anchor",
     .kind = Kind::path,
     .group = service_group,
     .value = "FILE",
     .help = "A PEM file with the CA certificates of the trust anchor. Required unless the "
             "configuration file sets it."},
    {.name = "crl",
     .kind = Kind::path,
     .group = service_group,
     .value = "FILE",
     .help = "A PEM file with certificate revocation lists.",
     .repeatable = true},
    {.name = "role-arn",
     .kind = Kind::word,
     .group = service_group,
     .value = "ARN",
     .help = "A role that can be assumed.",
     .default_text = "every role can be assumed",
     .repeatable = true},
    {.name = "session-duration-max",
     .kind = Kind::number,
     .group = service_group,
     .value = "SECONDS",
     .help = "The session duration of the profile. No session lasts longer. For tests of renewal, "
             "SECONDS can be less than 900, the minimum of the service.",
     .default_value = "3600",
     .unit = Unit::seconds,
     .minimum = 1,
     .maximum = 43200},
    {.name = "accept-role-session-name",
     .kind = Kind::toggle,
     .group = service_group,
     .help = "Accept a session name in requests, as a profile with acceptRoleSessionName does."},
    {.name = "trust-policy",
     .kind = Kind::path,
     .group = service_group,
     .value = "FILE",
     .help = "The trust policy of every role, in JSON, such as \"rolecall policy\" prints it. "
             "The endpoint refuses what the policy does not allow.",
     .default_text = "every certificate can assume the role",
     .limits = "A condition that emulate does not know is an error."},
}};

constexpr std::array<Option, 3> listening_options = {{
    address_option(server_group),
    port_option(server_group, "0"),
    allow_remote_option(server_group,
                        "Allow an address that other machines can reach. The credentials of this "
                        "endpoint are not valid at AWS."),
}};

constexpr std::array<Option, 2> behaviour_options = {{
    {.name = "fault",
     .group = service_group,
     .value = "KIND[=VALUE][:COUNT]",
     .help = "Answer POST /sessions with a fault, COUNT times or always. KIND is an HTTP status "
             "(300 to 599), throttle, broken, truncated, empty, delay=SECONDS, clock=+SECONDS, "
             "clock=-SECONDS or retry-after=SECONDS. Several faults come one after the other.",
     .repeatable = true},
    {.name = "log",
     .kind = Kind::toggle,
     .group = output_group,
     .help = "Write a line of JSON for each request to standard error. Secrets are never "
             "written."},
}};

constexpr auto emulate_options =
    joined(service_options, listening_options, tls_options(server_group), behaviour_options);

constexpr auto own_configuration = [] {
  auto list = configuration_options;
  list.front().help =
      "The configuration file, in TOML. Its table [emulate] can set these options by their names. "
      "An environment variable, such as ROLECALL_EMULATE_PORT for --port, takes precedence over "
      "the file.";
  return list;
}();

}  // namespace

constinit const Command emulate_command = {
    .name = "emulate",
    .summary = "Run an offline IAM Roles Anywhere endpoint for tests",
    .description =
        "This command checks requests and certificates as the service does, and answers with "
        "random credentials, which AWS does not accept. rolecall prints one line, such as "
        "\"listening "
        "on http://127.0.0.1:8443\", and runs until SIGINT or SIGTERM.",
    .footer =
        "Examples:\n"
        "  rolecall emulate --trust-anchor root.pem --port 8443\n"
        "  rolecall emulate --trust-anchor root.pem --fault 503:2\n"
        "\n"
        "In another terminal, use the endpoint:\n"
        "  rolecall credential-process --binding billing \\\n"
        "    --endpoint http://127.0.0.1:8443",
    .options = {emulate_options, own_configuration},
    .run = run_emulate,
    // --role-arn, --port and others have another meaning here than in other commands.
    .settings_scope = SettingsScope::own,
};

}  // namespace rolecall::cli
