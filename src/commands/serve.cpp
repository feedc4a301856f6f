// rolecall serve: IMDSv2, the container credentials endpoint, and status for supervisors.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/user.h"
#include "commands/all_commands.h"
#include "commands/on_renew.h"
#include "commands/serve_daemon.h"
#include "commands/server_tls.h"
#include "options/binding_options.h"
#include "options/options.h"
#include "serve/renewals.h"

namespace rolecall::cli {
namespace {

constexpr const char* listen_group = "Address";
constexpr const char* clients_group = "Clients";
constexpr const char* run_group = "Operation";
constexpr std::array<Option, 11> own_daemon_options = {{
    port_option(listen_group, "9911"),
    address_option(listen_group),
    allow_remote_option(
        listen_group,
        "Allow an address that other machines can reach. Without --tls-cert, the credentials then "
        "cross the network unencrypted. Instance metadata is off unless you use --imds."),
    {.name = "imds",
     .kind = Kind::toggle,
     .group = listen_group,
     .help = "Serve instance metadata. Anyone who can reach the port can then get the credentials, "
             "except if --allow-uid is used.",
     .default_text = "true, but false with --allow-remote",
     .limits = "With several bindings, instance metadata is always off."},
    {.name = "allow-host",
     .kind = Kind::host,
     .group = listen_group,
     .value = "HOST",
     .help = "A name or address by which clients reach serve, besides localhost and --address. "
             "Examples are the name of a compose service, host.docker.internal and "
             "NAME.NAMESPACE.svc.",
     .repeatable = true},
    {.name = "hop-limit",
     .kind = Kind::number,
     .group = listen_group,
     .value = "HOPS",
     .help = "How many routers an answer can pass (its time to live).",
     .default_text = "64, but 1 if other machines can reach the address",
     .minimum = 1,
     .maximum = 255},
    {.name = "metrics-address",
     .group = listen_group,
     .value = "HOST:PORT",
     .help = "Also serve /metrics and /healthz, and nothing else, at this address. It needs no "
             "--allow-remote, because neither contains a secret. :PORT stands for all addresses "
             "of this machine.",
     .default_text = "only at --address and --port"},
    token_dir_option(run_group,
                     "The directory for the tokens of the container credentials endpoint."),
    {.name = "lazy",
     .kind = Kind::toggle,
     .group = run_group,
     .help = "Start even if there are no credentials yet. Until serve has credentials, it answers "
             "503."},
    no_sandbox_option(run_group),
    {.name = "log-format",
     .kind = Kind::choice,
     .group = output_group,
     .help = "The form of the log on standard error.",
     .default_value = "text",
     .choices = "text|json"},
}};

constexpr auto daemon_options = joined(own_daemon_options, tls_options(listen_group));

// The options that the table of each binding can set, also if there are several bindings.
constexpr std::array<Option, 2> options_of_each_binding = {{
    {.name = "allow-uid",
     .kind = Kind::word,
     .group = clients_group,
     .value = "USER",
     .help = "A user of this machine who can get tokens and credentials. USER is a name or a "
             "number. serve then refuses all other users, and clients whose user it cannot find "
             "out: those on other machines and in other network namespaces.",
     .default_text = "every client that can reach the port",
     .repeatable = true},
    on_renew_option(run_group),
}};

constexpr auto bindings_option = [] {
  auto list = binding_option;
  list.front().help =
      "Use the values of the table [binding.NAME] of the configuration file. These values "
      "take precedence over the others in the file. With several bindings, each one has an "
      "endpoint and a token of its own.";
  list.front().default_text =
      "$ROLECALL_BINDING, otherwise the list bindings in the table [serve] of the configuration "
      "file, otherwise no binding";
  list.front().repeatable = true;
  return list;
}();

// Refuses options of the whole daemon in the table of a binding, if there are several bindings.
void refuse_daemon_options_in_binding(const ConfigFile& file, const std::string& name) {
  const auto table = file.tables.find("binding." + name);
  if (table == file.tables.end()) return;
  for (const Setting& setting : table->second) {
    if (find_option(daemon_options, setting.name) == nullptr) continue;
    throw Error(ErrorKind::usage,
                location_in(file, setting.line) + ": " + setting.name +
                    " is for the whole command, and this command has several bindings",
                "move it to the table [serve]");
  }
}

std::vector<uid_t> allowed_users(const Settings& settings) {
  std::vector<uid_t> users;
  for (const std::string& text : settings.all("allow-uid")) {
    const auto user = only(text, ascii_digits) ? parse_number<uid_t>(text) : user_number(text);
    if (!user || *user == static_cast<uid_t>(-1)) {
      throw Error(ErrorKind::usage, "`allow-uid` \"" + text + "\" is not a user of this machine",
                  "give the name or the number of a user; \"id -u\" prints your number");
    }
    users.push_back(*user);
  }
  if (settings.has("allow-uid") && users.empty()) {
    throw Error(ErrorKind::usage, "`allow-uid` contains no user",
                "add a user; without `allow-uid`, every client that can reach the port is allowed");
  }
  return users;
}

serve::BindingOptions serve_options(const Settings& settings, const std::string& name) {
  serve::BindingOptions options = binding_options(settings, name);
  options.allowed_users = allowed_users(settings);
  return options;
}

ServedBinding served_binding(const Settings& settings, const std::string& name) {
  return {serve_options(settings, name), command_on_renew(settings, name)};
}

std::vector<ServedBinding> bindings_of(const Settings& settings) {
  const std::vector<std::string>& names = settings.chosen_bindings();
  std::vector<ServedBinding> bindings;
  if (names.size() <= 1) {
    bindings.push_back(served_binding(settings, names.empty() ? "default" : names.front()));
    return bindings;
  }
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1)
      throw Error(ErrorKind::usage, "--binding " + name + " is given twice");
    try {
      refuse_daemon_options_in_binding(settings.file(), name);
      bindings.push_back(served_binding(settings.of_binding(name), name));
    } catch (const Error& error) {
      throw serve::with_binding_name(name, error);
    }
  }
  return bindings;
}

void run_serve(const Settings& settings, const CommandLine& /*line*/) {
  run_serve_daemon(settings, bindings_of(settings));
}

}  // namespace

constinit const Command serve_command = {
    .name = "serve",
    .summary = "Hand out credentials to the AWS SDKs on this machine",
    .description =
        "This command gets credentials, renews them before they expire, and hands them out in "
        "two ways. The container credentials endpoint requires a token, which only this user can "
        "read. Instance metadata (IMDSv2) gives the credentials to anyone who can reach the "
        "port.\n\n"
        "This command runs until SIGTERM or SIGINT. After SIGHUP, rolecall reads the certificate "
        "and "
        "the key again and renews the credentials.",
    .footer =
        "Examples:\n"
        "  rolecall serve --binding billing &\n"
        "  eval \"$(rolecall env --binding billing --wait 30)\"\n"
        "  aws sts get-caller-identity\n"
        "\n"
        "For a program that uses instance metadata:\n"
        "  export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9911/",
    .options = {daemon_options, options_of_each_binding, all_session_options, configuration_options,
                bindings_option},
    .run = run_serve,
};

}  // namespace rolecall::cli
