#include "commands/serve_daemon.h"

#include <unistd.h>

#include <algorithm>
#include <list>
#include <optional>

#include "base/codec.h"
#include "base/deadline.h"
#include "base/process.h"
#include "base/signals.h"
#include "commands/enter_sandbox.h"
#include "commands/serve_listener.h"
#include "commands/server_tls.h"
#include "commands/systemd.h"
#include "http/server_certificate.h"
#include "identity/hardware/hardware.h"
#include "options/hardware_limit.h"
#include "serve/health_client.h"
#include "serve/renewals.h"
#include "serve/requester.h"
#include "serve/server_options.h"
#include "serve/token_files.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> host_names(const Settings& settings) {
  std::vector<std::string> names;
  for (const std::string& name : settings.all("allow-host")) {
    names.push_back(lower_case(name));
  }
  return names;
}

constexpr milliseconds tick{1000};

// Allows one descriptor for each possible client. But not with a driver of hardware: it may use
// select(2), which writes beyond its memory for a descriptor over 1023.
void allow_descriptors() {
  if (!identity::hardware_was_used())
    raise_descriptor_limit(serve::most_connections + serve::spare_descriptors);
}

// The daemon, from start to exit.
class Daemon {
 public:
  Daemon(const Settings& settings, ServeListener listening)
      : settings_(settings),
        listener_(std::move(listening.listener)),
        status_listener_(listen_for_supervisors(settings)),
        tls_(settings, settings.reporter()),
        origin_(serve::loopback_origin(listener_.name())),
        remote_(listening.is_remote),
        log_(log_format(settings), write_log),
        renewals_(log_, settings.reporter()) {
    if (tls_.is_on()) origin_.scheme = "https";
  }

  void add(ServedBinding binding) {
    const bool is_lazy = settings_.is_on("lazy");
    renewals_.add(std::move(binding.options),
                  {.start = is_lazy ? serve::Start::lazy : serve::Start::limited,
                   .on_renew = std::move(binding.on_renew)});
  }

  void run() {
    {
      // SIGINT ends the process as usual, because a person may type it at a password prompt.
      const ExitOnSignal while_loading({SIGTERM});
      renewals_.load_identities([](milliseconds limit) { exit_if_hardware_hangs(limit); });
    }
    // From here on, these signals do not end the process at once, because that would leave token
    // files behind.
    const Signals signals({SIGTERM, SIGINT, SIGHUP});
    serve::Service service(service_options(), log_);
    allow_descriptors();
    enter_sandbox(settings_, {token_directory()});
    std::optional<http::Server> status_server;
    start_status_server(status_server, service);
    renewals_.start();
    const auto should_stop = [&signals] {
      const int number = signals.wait(milliseconds(10)).si_signo;
      return number == SIGTERM || number == SIGINT;
    };
    try {
      if (renewals_.await_first_credentials(should_stop)) run_server(service, signals);
    } catch (const Error& error) {
      if (renewals_.stop()) throw;
      print_error(error);
      _exit(static_cast<int>(error.kind()));
    }
    if (!renewals_.stop()) _exit(0);
  }

 private:
  static serve::Log::Format log_format(const Settings& settings) {
    using Format = serve::Log::Format;
    if (settings.text("log-format") == "json") return Format::json;
    return is_journal(STDERR_FILENO) ? Format::text : Format::timed_text;
  }

  // The reason why IMDS is off. Empty if IMDS is on.
  std::string reason_imds_is_off() const {
    if (settings_.has("imds") && !settings_.is_on("imds")) return "--imds is false";
    if (renewals_.bindings().size() > 1) {
      return "there are several bindings; rolecall env "
             "--binding NAME prints how clients get them";
    }
    if (remote_ && !settings_.is_on("imds"))
      return "other machines can connect; --imds turns it on";
    return {};
  }

  // Empty: there is none.
  std::string token_directory() const {
    return settings_.is_not_empty("token-dir") ? settings_.text("token-dir") : runtime_directory();
  }

  serve::ServiceOptions service_options() {
    serve::ServiceOptions options;
    options.address = listener_.name();
    options.host_names = host_names(settings_);
    options.reason_imds_is_off = reason_imds_is_off();
    const auto& bindings = renewals_.bindings();
    for (const serve::Binding& binding : bindings)
      options.bindings.push_back(&binding);
    if (options.reason_imds_is_off.empty()) options.imds = &bindings.front();
    // Without --token-dir, serve may run with IMDS only. That is enough for clients that do not use
    // the container endpoint, and IMDS tokens that are lost at a restart are better than none.
    const bool imds_alone_is_enough =
        !settings_.is_not_empty("token-dir") && options.imds != nullptr;
    const std::string lost = "IMDS tokens are lost at a restart";
    try {
      const std::string directory = token_directory();
      if (directory.empty()) {
        throw Error(
            ErrorKind::usage,
            "neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set to a directory of this user "
            "for the tokens of the container endpoint",
            "use --token-dir with a directory");
      }
      for (const serve::Binding& binding : bindings) {
        const serve::TokenFiles& files = token_files_.emplace_back(directory, binding.name());
        options.containers.push_back({&binding, files.token().copy()});
      }
    } catch (const Error& error) {
      if (!imds_alone_is_enough) throw;
      options.containers.clear();
      token_files_.clear();
      log_.warning("the container endpoint is off", {{"reason", serve::with_hint(error)}});
      log_.warning(lost, {{"reason", error.what()}});
    }
    if (options.imds == nullptr || token_files_.empty()) return options;
    try {
      options.imds_key = token_files_.front().imds_key();
    } catch (const Error& error) {
      if (!imds_alone_is_enough) throw;
      log_.warning(lost, {{"reason", error.what()}});
    }
    return options;
  }

  // Before there are credentials, supervisors can see that there are none yet.
  void start_status_server(std::optional<http::Server>& server, serve::Service& service) {
    if (!status_listener_) return;
    server.emplace(std::move(*status_listener_), serve::options_of_status_server(),
                   [&service](const http::Request& request) {
                     return service.handle_status(request, aws::Instant::now());
                   });
    log_.info("listening for supervisors", {{"url", server->url()}});
  }

  void run_server(serve::Service& service, const Signals& signals) {
    const std::string reason_is_off = reason_imds_is_off();
    const std::string url = origin_for_clients().text();
    http::ServerOptions options = serve::options_of_server(service);
    if (tls_.is_on())
      options.max_connections = std::min(options.max_connections, serve::most_tls_connections);
    options.tls_certificate = tls_.certificate();
    options.tls_key = tls_.key().copy();
    http::Server server(std::move(listener_), options, [&service](const http::Request& request) {
      return service.handle(request, aws::Instant::now());
    });
    auto files = token_files_.begin();
    for (const serve::Binding& binding : renewals_.bindings()) {
      if (files == token_files_.end()) break;  // the container endpoint is off
      (files++)->write_uri(url + std::string(serve::container_root) + binding.name());
    }
    log_.info("listening", {{"url", url}});
    if (remote_ && tls_.is_on()) {
      log_.warning("other machines can connect", {});
    } else if (remote_) {
      log_.warning("other machines can connect, and the credentials cross the network unencrypted",
                   {});
    }
    if (reason_is_off.empty()) {
      // In text, the command is on a line of its own so that it can be copied. The official helper
      // logs it in the same way.
      const std::string line = "export AWS_EC2_METADATA_SERVICE_ENDPOINT=" + url + "/";
      if (settings_.text("log-format") == "json") log_.info("imds", {{"command", line}});
      if (settings_.text("log-format") == "text") write_log(line + "\n");
    } else if (settings_.is_on("imds")) {
      log_.warning("instance metadata is off", {{"reason", reason_is_off}});
    } else {
      log_.info("instance metadata is off", {{"reason", reason_is_off}});
    }
    supervisor_.notify("READY=1");
    run_until_told_to_stop(server, service, signals);
    supervisor_.notify("STOPPING=1");
    token_files_.clear();
  }

  // SDKs verify the certificate, so it must be for the host of the URL.
  http::Origin origin_for_clients() const {
    if (!tls_.is_on()) return origin_;
    const http::SocketName& name = listener_.name();
    const bool is_any = name.address == "0.0.0.0" || name.address == "::";
    std::vector<std::string> hosts = host_names(settings_);
    hosts.insert(hosts.begin(),
                 is_any ? std::string(name.ipv6 ? "::1" : "127.0.0.1") : name.address);
    if (is_any || !remote_) hosts.emplace_back("localhost");
    const auto host = std::find_if(hosts.begin(), hosts.end(), [this](const std::string& one) {
      return http::is_certificate_of(tls_.certificate(), one);
    });
    if (host == hosts.end()) {
      log_.warning("the TLS certificate is not for the address of serve, so SDKs will refuse it",
                   {{"hint", "use --allow-host with a name for which it is"}});
      return origin_;
    }
    http::Origin origin = origin_;
    origin.host = host->find(':') == std::string::npos ? *host : "[" + *host + "]";
    return origin;
  }

  // The files may be replaced one after the other, so key and certificate may not match yet.
  void use_new_tls_files(http::Server& server) {
    try {
      if (!tls_.read_if_changed(settings_.reporter())) return;
      server.replace_tls(tls_.certificate(), tls_.key());
      log_.info("uses a new TLS certificate", {});
    } catch (const Error& error) {
      log_.warning("the new TLS files cannot be used, and the old ones stay in use",
                   {{"reason", error.what()}});
    }
  }

  void run_until_told_to_stop(http::Server& server, serve::Service& service,
                              const Signals& signals) {
    using Clock = std::chrono::steady_clock;
    const milliseconds interval = supervisor_.watchdog_interval().value_or(std::chrono::hours(1));
    Clock::time_point due = Clock::now() + interval;
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(due - Clock::now());
      const int number = signals.wait(std::clamp(left, milliseconds(0), tick)).si_signo;
      if (number == SIGTERM || number == SIGINT) {
        log_.info("stopping", {});
        return;
      }
      if (number == SIGHUP) {
        log_.info("reading files again and renewing", {});
        renewals_.renew_now();
      }
      use_new_tls_files(server);
      service.tick(aws::Instant::now());
      if (Clock::now() < due) continue;
      if (supervisor_.watchdog_interval()) notify_watchdog_if_answering(interval);
      due = Clock::now() + interval;
    }
  }

  // This thread can run even if the thread that answers requests hangs. So WATCHDOG=1 is sent only
  // after a request to our own server was answered.
  void notify_watchdog_if_answering(milliseconds timeout) const {
    try {
      serve::get_health(origin_, Deadline(timeout));
      supervisor_.notify("WATCHDOG=1");
    } catch (const Error& error) {
      log_.warning("does not answer itself", {{"reason", error.what()}});
    }
  }

  const Settings& settings_;
  Supervisor supervisor_;
  http::Listener listener_;
  std::optional<http::Listener> status_listener_;
  ServerTls tls_;
  http::Origin origin_;  // for our own requests
  bool remote_;
  serve::Log log_;
  std::list<serve::TokenFiles> token_files_;
  serve::Renewals renewals_;
};

}  // namespace

void run_serve_daemon(const Settings& settings, std::vector<ServedBinding> bindings) {
  Daemon daemon(settings, listen_for_clients(settings));
  for (ServedBinding& binding : bindings)
    daemon.add(std::move(binding));
  daemon.run();
}

}  // namespace rolecall::cli
