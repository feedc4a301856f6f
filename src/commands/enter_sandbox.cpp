#include "commands/enter_sandbox.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "identity/hardware/hardware.h"
#include "options/binding_lists.h"
#include "options/environment.h"
#include "options/password.h"
#include "rolecall/source.h"

namespace rolecall::cli {
namespace {

void add_password_source(sandbox::Needs& needs, const std::string& value) {
  const PasswordSpec spec = parse_password_spec(value);
  if (spec.kind == PasswordSpec::Kind::command) needs.starts_programs = true;
  if (spec.kind == PasswordSpec::Kind::file) needs.read.emplace_back(spec.value);
  if (spec.kind == PasswordSpec::Kind::credential)
    needs.read.push_back(environment("CREDENTIALS_DIRECTORY"));
}

void add_source(sandbox::Needs& needs, const std::string& value) {
  const Source::Kind kind = Source::kind_of(value);
  if (kind == Source::Kind::file) needs.read.push_back(value);
  if (kind == Source::Kind::token || kind == Source::Kind::tpm) needs.loads_modules = true;
}

void add_options(sandbox::Needs& needs, const Settings& settings) {
  for (const Option* option : all_options(settings.command())) {
    const std::string value = settings.text(option->name);
    if (value.empty()) continue;
    switch (option->kind) {
      case Kind::path:
      case Kind::directory:
        needs.read.push_back(value);
        break;
      case Kind::input:
        add_source(needs, value);
        break;
      case Kind::selector:
      case Kind::library:
        needs.loads_modules = true;
        break;
      case Kind::source:
        add_password_source(needs, value);
        break;
      case Kind::command:
        needs.starts_programs = true;
        break;
      default:
        break;
    }
  }
}

// SSL_CERT_DIR may have several, with colons between them. Those that do not exist are left out,
// because the sandbox would allow the nearest directory above, which can be all of the system.
void add_paths(sandbox::Needs& needs, std::string_view paths) {
  while (!paths.empty()) {
    const std::string_view path = paths.substr(0, paths.find(':'));
    std::error_code error;
    if (std::filesystem::exists(path, error)) needs.read.emplace_back(path);
    paths.remove_prefix(std::min(path.size() + 1, paths.size()));
  }
}

}  // namespace

void enter_sandbox(const Settings& settings, std::vector<std::string> written,
                   sandbox::Threads threads, bool signals_child) {
  if (settings.is_on("no-sandbox")) return;
  sandbox::Needs needs;
  needs.write = std::move(written);
  needs.signals_child = signals_child;
  needs.loads_modules = identity::hardware_was_used();
  if (!settings.file().path.empty()) needs.read.push_back(settings.file().path);
  for (const char* name :
       {"SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "OPENSSL_MODULES", "LD_LIBRARY_PATH"})
    add_paths(needs, environment(name));
  const std::vector<std::string>& bindings = settings.chosen_bindings();
  if (bindings.size() <= 1) add_options(needs, settings);
  for (const std::string& name : bindings) {
    if (bindings.size() > 1) add_options(needs, settings.of_binding(name));
    for (const std::string& fallback : fallbacks_of(settings.file(), name))
      add_options(needs, settings.of_binding(fallback));
  }
  const std::vector<sandbox::Measure> measures = sandbox::enter(needs, threads);
  settings.reporter().trace([&measures] { return "sandbox: " + sandbox::text(measures); });
}

}  // namespace rolecall::cli
