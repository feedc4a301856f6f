// rolecall doctor: what else of rolecall runs on this machine, and the cache.
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "base/descriptor.h"
#include "base/descriptor_io.h"
#include "base/text.h"
#include "base/waiting.h"
#include "cache/cache.h"
#include "commands/all_commands.h"
#include "commands/doctor.h"
#include "commands/obtain.h"
#include "http/listener.h"
#include "serve/health_client.h"
#include "serve/server_options.h"

namespace rolecall::cli {
namespace {

using doctor::Findings;

// "serve (process 12)" for each process of rolecall that runs for a long time.
std::vector<std::string> running_commands() {
  std::vector<std::string> found;
  const Descriptor processes(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const std::string& id : names_in(processes.fd())) {
    if (!only(id, ascii_digits)) continue;
    std::ifstream name_file("/proc/" + id + "/comm");
    std::string name;
    if (!std::getline(name_file, name) || name != "rolecall") continue;
    std::ifstream file("/proc/" + id + "/cmdline");
    const std::string words((std::istreambuf_iterator<char>(file)), {});
    const std::size_t end = words.find('\0');
    if (end == std::string::npos) continue;
    const std::string command = words.c_str() + end + 1;
    if (command == "serve" || command == "update")
      found.push_back(cat(command, " (process ", id, ")"));
  }
  return found;
}

// Whether anything listens there, without loading libcurl to learn it.
bool accepts_connections(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const Descriptor socket_of_probe(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // On this machine, a connection is accepted or refused at once.
  return socket_of_probe.is_open() &&
         connect(socket_of_probe.fd(), found->ai_addr, found->ai_addrlen) == 0;
}

// The address for supervisors, at which every address of this machine may be meant.
void check_status_address(Findings& findings, const std::string& text) {
  const auto name = http::parse_socket_name(text);
  if (!name) return;  // serve says so
  const bool is_any = name->address.empty() || name->address == "::";
  const http::SocketName local{is_any ? "127.0.0.1" : name->address, name->port, false};
  const bool answers = accepts_connections(serve::loopback_origin(local).host, local.port);
  findings.fact((answers ? "health and metrics are at " : "nothing listens at metrics-address ") +
                text);
}

void check_serve(Findings& findings, const Settings& settings) {
  static const CommandLine nothing;
  const Settings of_serve(serve_command, nothing, settings.shared_file(), "");
  if (of_serve.is_not_empty("metrics-address"))
    check_status_address(findings, of_serve.text("metrics-address"));
  const std::string address = of_serve.text("address");
  const int port = static_cast<int>(of_serve.number("port"));
  const http::SocketName name{
      .address = address, .port = port, .ipv6 = address.find(':') != std::string::npos};
  const http::Origin origin = serve::loopback_origin(name);
  const std::string server = cat(origin.host, " port ", port);
  if (port == 0 || !accepts_connections(address, port))
    return findings.fact("nothing listens at " + server);
  const Waiting waiting("an answer of " + origin.text());
  const Deadline deadline(std::chrono::seconds(2));
  try {
    const http::Response response = serve::ask_health(name, deadline).response;
    const std::string_view body = response.body.view();
    const bool is_serve = body.find("\"status\":") != std::string_view::npos;
    if (is_serve && response.status == 200) {
      findings.fact("serve at " + server + " has valid credentials");
    } else if (is_serve && response.status == 503) {
      findings.warn("serve at " + server + " has no valid credentials",
                    "rolecall health names the bindings, and the log of serve says why");
    } else {
      findings.fact("something other than serve answers at " + server);
    }
  } catch (const Error& error) {
    findings.warn("the server at " + server + " does not answer: " + error.what(),
                  "if it is serve, restart it: systemctl restart rolecall-serve");
  }
}

void check_cache(Findings& findings) {
  for (const std::string& directory : cache_directories()) {
    if (access(directory.c_str(), F_OK) != 0) continue;
    try {
      const aws::Cache cache(directory, aws::Cache::IfMissing::leave);
      findings.fact(cat("cache ", directory, ": ", cache.entries().size(), " valid sessions"));
    } catch (const Error& error) {
      findings.warn(error.what(), error.hint());
    }
  }
}

}  // namespace

doctor::Check check_services(const Examination& examination) {
  Findings findings;
  try {
    const std::vector<std::string> running = running_commands();
    findings.fact(running.empty() ? "no serve or update is running"
                                  : "running: " + list_text(running, "and"));
    if (examination.settings) check_serve(findings, *examination.settings);
    check_cache(findings);
  } catch (const Error& error) {
    findings.warn(error.what(), error.hint());
  }
  return findings.check("services");
}

}  // namespace rolecall::cli
