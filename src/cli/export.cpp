// rolecall export: credentials as lines for shells and files.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>

#include "aws/arn.h"
#include "base/files.h"
#include "base/process.h"
#include "cli/child_environment.h"
#include "cli/command.h"
#include "cli/export_text.h"
#include "cli/flags.h"
#include "cli/obtain.h"

namespace rolecall::cli {

void export_credentials(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  SessionFlags flags;
  CacheFlags cache;
  std::string format = "env";
  std::string profile = "default";
  add_choice(app, "--format", format, {"env", "fish", "powershell", "json", "ini", "dotenv"},
             "For POSIX shells, fish, PowerShell; as credential_process; as the\n"
             "credentials file; NAME=value. Default: env");
  add_text(app, "--profile", profile, "NAME", "The section of --format ini. Default: default");
  add_session_flags(app, flags);
  add_cache_flags(app, cache);
  parse(app,
        "  eval \"$(rolecall export --binding NAME)\"\n"
        "  rolecall export --binding NAME --format fish | source\n"
        "  rolecall export --binding NAME --format powershell | Out-String | Invoke-Expression\n"
        "What is printed is secret, and lasts as long as the session: rolecall exec keeps it out\n"
        "of your shell.",
        std::move(arguments));
  finish_session_flags(app, flags);
  const Credentials credentials = obtain_credentials(flags, cache);
  const std::string region = aws::parse_trust_anchor_arn(flags.session.trust_anchor_arn).region;
  ShellChanges changes = {region_variables(region), other_credential_variables()};
  // What is set below need not be taken away before.
  for (const Variable& variable : credential_variables(credentials))
    std::erase(changes.unset, variable.name);
  write_all(STDOUT_FILENO, export_text(credentials, changes, format, profile).view(),
            "standard output");
}

}  // namespace rolecall::cli
