// rolecall serve: IMDSv2, the container credentials endpoint, and what supervisors want to know.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <list>

#include "base/deadline.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/renewals.h"
#include "cli/session_flags.h"
#include "cli/settings.h"
#include "cli/signals.h"
#include "cli/systemd.h"
#include "cli/ui.h"
#include "http/client.h"
#include "serve/guard.h"
#include "serve/service.h"
#include "serve/token_files.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

// For as many clients as one thread takes, and for all else.
constexpr rlim_t most_descriptors = http::most_connections_of_one_thread + 64;

struct ServeFlags {
  SessionFlags session;
  std::string address = "127.0.0.1";
  int port = 9911;
  int hop_limit = 64;
  bool allow_remote = false;
  std::vector<std::string> host_names;
  bool imds = false;
  bool imds_is_given = false;
  bool lazy = false;
  std::string token_directory;
  std::string log_format = "text";
};

void declare(CLI::App& app, ServeFlags& flags) {
  const char* group = "Where to listen";
  add_number(app, "--port", flags.port, 0, 65535, "PORT",
             "TCP port; 0 takes a free one. Default: 9911", group);
  app.add_option("--address", flags.address, "IP address. Default: 127.0.0.1")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_flag("--allow-remote", flags.allow_remote,
               "Allow an address that other machines reach: they see the\n"
               "credentials pass unencrypted. IMDS is off unless --imds")
      ->group(group);
  app.add_flag("--imds", flags.imds,
               "Serve instance metadata, from which anyone who reaches the\n"
               "port gets the credentials. Default: true; false with\n"
               "--allow-remote. Not for several bindings")
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--allow-host",
         [&flags](const std::vector<std::string>& names) {
           flags.host_names.clear();
           for (const std::string& name : names)
             flags.host_names.push_back(serve::checked_host_name(name));
         },
         "A name by which clients reach it: a compose service,\n"
         "host.docker.internal, NAME.NAMESPACE.svc. Repeatable")
      ->type_name("NAME")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group(group);
  add_number(app, "--hop-limit", flags.hop_limit, 1, 255, "HOPS",
             "How many routers an answer may pass. Default: 64, and 1\nwith --allow-remote", group);
  group = "How to run";
  app.add_option("--token-dir", flags.token_directory,
                 "Where the tokens of the container endpoint are left.\n"
                 "Default: $RUNTIME_DIRECTORY, else $XDG_RUNTIME_DIR/rolecall")
      ->type_name("DIR")
      ->group(group);
  app.add_flag("--lazy", flags.lazy,
               "Start, and answer 503, also before the first credentials come")
      ->group(group);
  add_choice(app, "--log-format", flags.log_format, {"text", "json"},
             "Of the events on stderr. Default: text");
  app.get_option("--log-format")->group(group);
  add_session_flags(app, flags.session);
}

http::Listener listen(const ServeFlags& flags, const CLI::App& app) {
  const std::optional<int> handed_over = handed_over_socket();
  const auto check = [&flags](const std::string& address) {
    if (http::is_loopback(address) || flags.allow_remote) return;
    http::check_is_address(address);
    throw Error(ErrorKind::usage, "the address " + address + " is not a loopback address",
                "take 127.0.0.1 or ::1, or add --allow-remote so that other machines may connect");
  };
  if (!handed_over) check(flags.address);
  http::Listener listener =
      handed_over ? http::Listener(*handed_over) : http::Listener(flags.address, flags.port);
  check(listener.name().address);
  const bool remote = !http::is_loopback(listener.name().address);
  listener.set_hop_limit(remote && !is_given(app, "--hop-limit") ? 1 : flags.hop_limit);
  return listener;
}

constexpr milliseconds tick{1000};

// As many descriptors as there can be clients.
void raise_limit_of_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, most_descriptors));
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The daemon from its start to its end.
class Daemon {
 public:
  Daemon(const ServeFlags& flags, http::Listener listener)
      : flags_(flags),
        listener_(std::move(listener)),
        origin_(own_origin(listener_.name())),
        remote_(!http::is_loopback(listener_.name().address)),
        log_(log_format(flags), write_log),
        renewals_(log_, flags.session.debug) {}

  void add(serve::BindingOptions options) { renewals_.add(std::move(options)); }

  void run() {
    renewals_.load_identities(flags_.lazy);
    serve::ServiceOptions options = service_options();
    const Signals signals({SIGTERM, SIGINT, SIGHUP});  // that end or reload
    renewals_.start();
    const auto told_to_stop = [&signals] {
      const int number = signals.wait(milliseconds(10)).si_signo;
      return number == SIGTERM || number == SIGINT;
    };
    try {
      if (flags_.lazy || renewals_.await_first(told_to_stop)) answer(std::move(options), signals);
    } catch (const Error& error) {
      if (renewals_.stop()) throw;
      print_error(error);
      _exit(static_cast<int>(error.kind()));
    }
    if (!renewals_.stop()) _exit(0);
  }

 private:
  static serve::Log::Format log_format(const ServeFlags& flags) {
    using Format = serve::Log::Format;
    if (flags.log_format == "json") return Format::json;
    return is_journal(STDERR_FILENO) ? Format::text : Format::timed_text;
  }

  // Empty: it is on.
  std::string why_no_imds() const {
    if (flags_.imds_is_given && !flags_.imds) return "--imds is false";
    if (renewals_.bindings().size() > 1) {
      return "of several bindings it could not tell whose credentials a client wants; rolecall env "
             "--binding NAME prints how clients get them";
    }
    if (remote_ && !flags_.imds) return "other machines can connect; --imds turns it on";
    return {};
  }

  serve::ServiceOptions service_options() {
    serve::ServiceOptions options;
    options.address = listener_.name();
    options.host_names = flags_.host_names;
    options.why_no_imds = why_no_imds();
    const auto& bindings = renewals_.bindings();
    for (const serve::Binding& binding : bindings)
      options.bindings.push_back(&binding);
    if (options.why_no_imds.empty()) options.imds = &bindings.front();
    // Without --token-dir IMDS is enough for those who know no container endpoint, and a token for
    // IMDS that is lost at a restart is better than none.
    const bool may_do_without = flags_.token_directory.empty() && options.imds != nullptr;
    const std::string lost = "IMDS tokens are lost at a restart";
    try {
      const std::string directory =
          flags_.token_directory.empty() ? runtime_directory() : flags_.token_directory;
      if (directory.empty()) {
        throw Error(ErrorKind::usage,
                    "there is no RUNTIME_DIRECTORY, and no XDG_RUNTIME_DIR of this user's, for the "
                    "tokens of the container endpoint",
                    "name a directory with --token-dir");
      }
      for (const serve::Binding& binding : bindings) {
        const serve::TokenFiles& files = token_files_.emplace_back(directory, binding.name());
        options.containers.push_back({&binding, files.token().copy()});
      }
    } catch (const Error& error) {
      if (!may_do_without) throw;
      options.containers.clear();
      token_files_.clear();
      const std::string hint = error.hint().empty() ? "" : "; hint: " + error.hint();
      log_.warning("the container endpoint is off", {{"reason", error.what() + hint}});
      log_.warning(lost, {{"reason", error.what()}});
    }
    if (options.imds == nullptr || token_files_.empty()) return options;
    try {
      options.imds_key = token_files_.front().imds_key();
    } catch (const Error& error) {
      if (!may_do_without) throw;
      log_.warning(lost, {{"reason", error.what()}});
    }
    return options;
  }

  void answer(serve::ServiceOptions options, const Signals& signals) {
    const bool imds = options.imds != nullptr;
    const std::string why_no_imds = options.why_no_imds;
    const std::string url = origin_.text();
    serve::Service service(std::move(options), log_);
    raise_limit_of_descriptors();
    const http::Server server(std::move(listener_), options_of_server(service),
                              [&service](const http::Request& request) {
                                return service.handle(request, aws::Instant::now());
                              });
    auto files = token_files_.begin();
    for (const serve::Binding& binding : renewals_.bindings()) {
      if (files == token_files_.end()) break;  // that endpoint is off
      (files++)->write_uri(url + std::string(serve::container_root) + binding.name());
    }
    log_.info("listening", {{"url", url}});
    if (remote_) {
      log_.warning("other machines can connect; what they get passes unencrypted", {});
    }
    if (imds) {
      // Alone on its line in text, as the official helper logs it, so that it can be copied.
      const std::string line = "export AWS_EC2_METADATA_SERVICE_ENDPOINT=" + url + "/";
      if (flags_.log_format == "json") log_.info("imds", {{"command", line}});
      if (flags_.log_format == "text") write_log(line + "\n");
    } else if (flags_.imds) {
      log_.warning("instance metadata is off", {{"reason", why_no_imds}});
    } else {
      log_.info("instance metadata is off", {{"reason", why_no_imds}});
    }
    supervisor_.tell("READY=1");
    until_told_to_stop(service, signals);
    supervisor_.tell("STOPPING=1");
    token_files_.clear();
  }

  void until_told_to_stop(serve::Service& service, const Signals& signals) {
    using Clock = std::chrono::steady_clock;
    const milliseconds interval = supervisor_.watchdog().value_or(std::chrono::hours(1));
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
      service.tick(aws::Instant::now());
      if (Clock::now() < due) continue;
      if (supervisor_.watchdog()) tell_that_it_answers(interval);
      due = Clock::now() + interval;
    }
  }

  // That this thread lives says nothing of the one that answers, so it is asked.
  void tell_that_it_answers(milliseconds patience) const {
    try {
      http::Client client(origin_, {}, {});
      client.get("/healthz", Deadline(patience));
      supervisor_.tell("WATCHDOG=1");
    } catch (const Error& error) {
      log_.warning("does not answer itself", {{"reason", error.what()}});
    }
  }

  const ServeFlags& flags_;
  Supervisor supervisor_;
  http::Listener listener_;
  http::Origin origin_;
  bool remote_;
  serve::Log log_;
  std::list<serve::TokenFiles> token_files_;
  Renewals renewals_;
};

// Those of the daemon as a whole have no place in the table of one of several bindings.
void check_is_for_one(const ConfigFile& file, const std::string& name) {
  constexpr std::array<std::string_view, 9> daemons = {"address",    "allow-host", "allow-remote",
                                                       "hop-limit",  "imds",       "lazy",
                                                       "log-format", "port",       "token-dir"};
  const auto table = file.tables.find("binding." + name);
  if (table == file.tables.end()) return;
  for (const Setting& setting : table->second) {
    if (std::find(daemons.begin(), daemons.end(), setting.name) == daemons.end()) continue;
    throw Error(ErrorKind::usage,
                "configuration file " + file.path + ", line " + std::to_string(setting.line) +
                    ": " + setting.name +
                    " is for a whole serve, and this one has several bindings",
                "move it to the table [serve]");
  }
}

// Of several: the command line once more, with the values of this one's table behind it.
serve::BindingOptions one_of_several(const CLI::App& app, const ConfigFile& file,
                                     const std::string& name, std::vector<std::string> arguments) {
  check_is_for_one(file, name);
  CLI::App own("", app.get_name());
  own.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  ServeFlags flags;
  declare(own, flags);
  add_settings_flags(own);
  own.parse(std::move(arguments));
  apply_settings(own, file, name);
  return binding_options(own, flags.session, name);
}

}  // namespace

void serve(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  ServeFlags flags;
  declare(app, flags);
  const std::vector<std::string> given = arguments;
  const ConfigFile file = parse(
      app,
      "Runs until SIGTERM or SIGINT; SIGHUP reads the files again and renews. SDKs find it by\n"
      "  export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9911/\n"
      "or, with a token that other users of the machine do not have, by\n"
      "  eval \"$(rolecall env --wait 30)\"\n"
      "With several bindings, only the second way works: rolecall env --binding NAME\n"
      "\n"
      "Exit code: 0 stopped, 1 refused, 2 wrong flags or files, 3 worth another try later.",
      std::move(arguments));
  const std::vector<std::string> names = chosen_bindings(app);
  std::vector<serve::BindingOptions> bindings;
  if (names.size() > 1) {
    for (const std::string& name : names) {
      if (std::count(names.begin(), names.end(), name) > 1) {
        throw Error(ErrorKind::usage, "--binding " + name + " is given twice");
      }
      try {
        bindings.push_back(one_of_several(app, file, name, given));
      } catch (const Error& error) {
        throw of_binding(name, error);
      }
    }
  } else {
    bindings.push_back(
        binding_options(app, flags.session, names.empty() ? "default" : names.front()));
  }
  flags.imds_is_given = is_given(app, "--imds");
  Daemon daemon(flags, listen(flags, app));
  for (serve::BindingOptions& binding : bindings)
    daemon.add(std::move(binding));
  daemon.run();
}

}  // namespace rolecall::cli
