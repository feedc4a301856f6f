// rolecall emulate: the offline endpoint behind a socket.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/files.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/ui.h"
#include "emulate/emulator.h"
#include "http/server.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

struct Flags {
  std::string trust_anchor;
  std::vector<std::string> crls;
  std::vector<std::string> roles;
  int session_duration_max = 3600;
  bool accept_role_session_name = false;
  std::string address = "127.0.0.1";
  int port = 0;
  bool allow_remote = false;
  std::string tls_certificate;
  std::string tls_key;
  std::vector<std::string> faults;
  bool log = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option(
         "--trust-anchor", flags.trust_anchor,
         "Required. PEM file with the CA certificate (or several) that the trust anchor holds")
      ->type_name("FILE");
  app.add_option("--crl", flags.crls, "PEM file with certificate revocation lists; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--role-arn", flags.roles,
                 "A role that may be assumed; repeatable. Without it, every role may")
      ->type_name("ARN")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_number(app, "--session-duration-max", flags.session_duration_max, 1, 43200, "SECONDS",
             "The profile's session duration: no session is longer. Below the service's\n"
             "least of 900 for tests of renewal. Default: 3600");
  app.add_flag("--accept-role-session-name", flags.accept_role_session_name,
               "Allow roleSessionName in requests, as the profile's acceptRoleSessionName does");
  app.add_option("--address", flags.address, "IP address to listen on")
      ->type_name("ADDRESS")
      ->capture_default_str();
  add_number(app, "--port", flags.port, 0, 65535, "PORT",
             "TCP port to listen on. Default: 0, a free one");
  app.add_flag("--allow-remote", flags.allow_remote,
               "Allow an address that other machines reach (the credentials open nothing at AWS)");
  app.add_option("--tls-cert", flags.tls_certificate,
                 "PEM file with the server's certificate and its chain: https")
      ->type_name("FILE");
  app.add_option("--tls-key", flags.tls_key, "PEM file with the key of --tls-cert")
      ->type_name("FILE");
  app.add_option("--fault", flags.faults,
                 "Answer POST /sessions wrongly, COUNT times or always; repeatable, in order.\n"
                 "KIND: an HTTP status (300 to 599), throttle, delay=SECONDS, broken, truncated,\n"
                 "empty, clock=+SECONDS or clock=-SECONDS, retry-after=SECONDS")
      ->type_name("KIND[=VALUE][:COUNT]")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--log", flags.log, "Write a line of JSON for each request to stderr; no secrets");
}

void check(const Flags& flags) {
  if (flags.trust_anchor.empty()) {
    throw Error(ErrorKind::usage, "missing: --trust-anchor",
                "rolecall emulate --help explains each flag");
  }
  if (flags.tls_certificate.empty() != flags.tls_key.empty()) {
    throw Error(ErrorKind::usage, "--tls-cert and --tls-key go together");
  }
}

std::string read_text(std::string_view what, const std::string& path) {
  return std::string(read_file(what, path).bytes.view());
}

emulate::Options emulator_options(const Flags& flags) {
  emulate::Options options;
  options.trust_anchor = {"trust anchor file " + flags.trust_anchor,
                          read_text("trust anchor file", flags.trust_anchor)};
  for (const std::string& path : flags.crls) {
    options.crls.push_back({"CRL file " + path, read_text("CRL file", path)});
  }
  options.allowed_roles = flags.roles;
  options.session_duration_max = std::chrono::seconds(flags.session_duration_max);
  options.accept_role_session_name = flags.accept_role_session_name;
  for (const std::string& fault : flags.faults) {
    options.faults.push_back(emulate::parse_fault(fault));
  }
  return options;
}

http::Listener listener(const Flags& flags) {
  if (!http::is_loopback(flags.address) && !flags.allow_remote) {
    throw Error(ErrorKind::usage,
                "--address " + flags.address + " is not a numeric loopback address",
                "take 127.0.0.1 or ::1, or add --allow-remote so that other machines may connect");
  }
  return http::Listener(flags.address, flags.port);
}

http::ServerOptions server_options(const Flags& flags) {
  http::ServerOptions options;
  if (!flags.tls_certificate.empty()) {
    options.tls_certificate = read_text("TLS certificate file", flags.tls_certificate);
    options.tls_key = std::move(read_file("TLS key file", flags.tls_key).bytes);
  }
  return options;
}

// Sleeps that a signal to the process ends.
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

void serve(const Flags& flags) {
  emulate::Emulator emulator(emulator_options(flags));
  Pause pause;

  // Blocked before any thread starts, so that each inherits it and sigwait alone gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const auto respond = [&](const http::Request& request) {
    using std::chrono::steady_clock;
    const auto start = steady_clock::now();
    emulate::Answer answer = emulator.handle(request, std::chrono::system_clock::now());
    if (answer.delay.count() > 0) pause.wait(answer.delay);
    if (flags.log) {
      const auto took =
          std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
      write_log(emulate::log_line(answer.log, took) + "\n");
    }
    return std::move(answer.response);
  };
  http::Server server(listener(flags), server_options(flags), respond);
  write_all(STDOUT_FILENO, "listening on " + server.url() + "\n", "stdout");

  int received = 0;
  while (sigwait(&signals, &received) != 0) {
  }
  pause.end();
}

}  // namespace

void emulate(CLI::App& app, std::vector<std::string> arguments) {
  Flags flags;
  declare(app, flags);
  parse(app,
        "Prints \"listening on http://127.0.0.1:<port>\" once it does, and runs until SIGINT or "
        "SIGTERM.\n\nExample:\n"
        "  rolecall emulate --trust-anchor root.pem --port 8443 --log --fault 503:2\n"
        "  rolecall credential-process --endpoint http://127.0.0.1:8443 …",
        std::move(arguments));
  check(flags);
  protect_memory();
  serve(flags);
}

}  // namespace rolecall::cli
