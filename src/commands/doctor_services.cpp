// rolecall doctor: what else of rolecall runs on this machine, and whether it works.
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <set>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/json.h"
#include "base/text.h"
#include "base/waiting.h"
#include "commands/all_commands.h"
#include "commands/aws_files.h"
#include "commands/doctor.h"
#include "commands/doctor_processes.h"
#include "commands/doctor_service_files.h"
#include "commands/serve_listener.h"
#include "commands/systemd.h"
#include "http/listener.h"
#include "sandbox/sandbox.h"
#include "serve/health_client.h"
#include "serve/server_options.h"

namespace rolecall::cli {
namespace {

using doctor::Findings;
using std::chrono::milliseconds;

constexpr milliseconds time_for_answer{2000};

// Whether anything listens there, without loading libcurl to learn it. A server that is stopped or
// has too many clients lets a connection wait.
bool accepts_connections(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const Descriptor probe(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.is_open()) return false;
  if (connect(probe.fd(), found->ai_addr, found->ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd ready{probe.fd(), POLLOUT, 0};
  if (poll(&ready, 1, static_cast<int>(time_for_answer.count())) == 0) return true;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(probe.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// "for web and db": the bindings of serve that have no credentials.
std::string without_credentials(const json& body) {
  std::vector<std::string> names;
  const json* bindings = member(body, "bindings");
  if (bindings == nullptr || !bindings->is_array()) return {};
  for (const json& one : *bindings)
    if (one.is_string()) names.push_back(one.get<std::string>());
  return names.empty() ? "" : " for " + list_text(names, "and");
}

// The address of serve for supervisors.
void check_status_address(Findings& findings, const std::string& text) {
  try {
    const http::SocketName name = parse_metrics_address(text);
    const bool is_any = name.address.empty() || name.address == "::" || name.address == "0.0.0.0";
    const bool answers = accepts_connections(is_any ? "127.0.0.1" : name.address, name.port);
    findings.fact((answers ? "health and metrics are at " : "nothing listens at metrics-address ") +
                  text);
  } catch (const Error& error) {
    findings.warn(error.what(), error.hint());
  }
}

// Where a serve listens that runs, or that the settings describe.
struct ServerToAsk {
  http::SocketName listens;
  bool is_expected;  // the address is not only the default

  std::string name() const {
    return cat(serve::loopback_origin(listens).host, " port ", listens.port);
  }
};

void ask_server(Findings& findings, const ServerToAsk& server, const Reporter& reporter) {
  const std::string name = server.name();
  reporter.trace([&name] { return "looking for serve at " + name; });
  if (!accepts_connections(server.listens.address, server.listens.port))
    return findings.fact("nothing listens at " + name);
  const Waiting waiting("an answer of serve at " + name);
  try {
    const http::Response response =
        serve::ask_health(server.listens, Deadline(time_for_answer)).response;
    const json body = parse_json(response.body.view());
    const bool is_serve = text_member(body, "status").has_value();
    if (is_serve && response.status == 200) {
      findings.fact("serve at " + name + " has valid credentials");
    } else if (is_serve && response.status == 503) {
      findings.warn(cat("serve at ", name, " has no valid credentials", without_credentials(body)),
                    "the log of serve says why: journalctl -u rolecall-serve, if serve is a "
                    "service of systemd");
    } else if (server.is_expected) {
      findings.warn("a program other than serve answers at " + name,
                    cat("stop that program (ss -ltnp 'sport = :", server.listens.port,
                        "' shows it), or use another `port` for serve"));
    } else {
      findings.fact("a program other than serve answers at " + name);
    }
  } catch (const Error& error) {
    findings.warn("the server at " + name + " does not answer: " + error.what(),
                  "if it is serve, restart it: systemctl restart rolecall-serve, if serve is a "
                  "service of systemd");
  }
}

// Where a serve with these settings listens. Nothing if it takes any free port.
std::optional<ServerToAsk> server_of(const Settings& of_serve) {
  const std::string address = of_serve.text("address");
  const int port = static_cast<int>(of_serve.number("port"));
  if (port == 0) return std::nullopt;
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return ServerToAsk{{address, port, is_ipv6}, of_serve.has("port") || of_serve.has("address")};
}

// All of it, each server and file once.
class Services {
 public:
  explicit Services(const Examination& examination)
      : reporter_(examination.reporter),
        file_(examination.settings ? examination.settings->shared_file()
                                   : std::make_shared<const ConfigFile>()) {}

  doctor::Check check() {
    const std::vector<RunningCommand> running = running_commands();
    std::vector<std::string> names;
    names.reserve(running.size());
    for (const RunningCommand& one : running)
      names.push_back(one.text());
    findings_.fact(names.empty() ? "no serve or update is running"
                                 : "running: " + list_text(names, "and"));
    for (const RunningCommand& one : running) {
      if (one.name == update_command.name) check_update(one);
      if (one.name == serve_command.name) check_serve(one);
    }
    // A serve that runs may have its port from a place that we cannot see.
    if (!has_asked_) check_configured_serve();
    check_own_credentials_file();
    check_sandbox();
    check_caches(findings_);
    return findings_.check("services");
  }

 private:
  void check_sandbox() {
    for (const sandbox::Measure& missing : sandbox::missing_in_kernel()) {
      findings_.fact(cat("the sandbox of serve and update cannot limit ", missing.name, ": ",
                         missing.reason_it_is_off));
    }
  }

  void check_serve(const RunningCommand& process) {
    const CommandLine::OptionValues* bindings = process.line.find("binding");
    const bool has_one = bindings != nullptr && bindings->values.size() == 1;
    std::string directory;
    try {
      const Settings settings(serve_command, process.line, process.file(file_),
                              has_one ? bindings->values.front() : "");
      directory = settings.text("token-dir");
      const auto server = server_of(settings);
      // Another user does not decide to which machine root connects.
      const bool is_here =
          process.user == geteuid() ||
          (server && (http::is_loopback(server->listens.address) ||
                      server->listens.address == "0.0.0.0" || server->listens.address == "::"));
      if (server && is_here) ask(*server);
      if (process.user == geteuid()) check_status(settings);
    } catch (const Error&) {
      // Settings that we cannot read say nothing about a process that runs.
    }
    check_tokens(directory, process.variable("RUNTIME_DIRECTORY"), process.user);
  }

  void check_configured_serve() {
    static const CommandLine nothing;
    try {
      const Settings settings(serve_command, nothing, file_, "");
      check_status(settings);
      if (const auto server = server_of(settings)) ask(*server);
      check_tokens(settings.text("token-dir"), {}, geteuid());
    } catch (const Error& error) {
      findings_.warn(error.what(), error.hint());
    }
  }

  void check_status(const Settings& settings) {
    const std::string address = settings.text("metrics-address");
    if (!address.empty() && seen_.insert("metrics-address " + address).second)
      check_status_address(findings_, address);
  }

  void ask(const ServerToAsk& server) {
    has_asked_ = true;
    if (seen_.insert(server.name()).second) ask_server(findings_, server, reporter_);
  }

  // The directory is relative to a process whose working directory is not known.
  void check_tokens(std::string directory, const std::string& of_unit, uid_t user) {
    if (directory.empty()) directory = of_unit.substr(0, of_unit.find(':'));
    if (directory.empty() && user == geteuid()) directory = runtime_directory();
    if (directory.starts_with('/') && seen_.insert(directory).second)
      check_token_directory(findings_, directory, user);
  }

  void check_update(const RunningCommand& process) {
    std::string path = process.variable("AWS_SHARED_CREDENTIALS_FILE");
    const std::string home = process.variable("HOME");
    if (path.empty() && !home.empty()) path = home + "/.aws/credentials";
    if (path.starts_with('/') && seen_.insert(path).second)
      check_credentials_file(findings_, path, process.user);
  }

  void check_own_credentials_file() {
    try {
      const std::string path = aws_credentials_path();
      if (seen_.insert(path).second) check_credentials_file(findings_, path, geteuid());
    } catch (const Error&) {
      // There is no home directory, so there is no such file. The check of static keys says so.
    }
  }

  Reporter reporter_;
  std::shared_ptr<const ConfigFile> file_;
  Findings findings_;
  bool has_asked_ = false;
  std::set<std::string> seen_;  // servers, directories and files
};

}  // namespace

doctor::Check check_services(const Examination& examination) {
  return Services(examination).check();
}

}  // namespace rolecall::cli
