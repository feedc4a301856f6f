// rolecall export: credentials as lines for shells and files.
#include <unistd.h>

#include <array>

#include "aws/arn.h"
#include "base/files.h"
#include "cli/child_environment.h"
#include "cli/command.h"
#include "cli/export_text.h"
#include "cli/obtain.h"
#include "cli/options.h"
#include "cli/session_flags.h"

namespace rolecall::cli {
namespace {

void run(const Settings& settings, const CommandLine& /*line*/) {
  const SessionFlags flags = session_flags(settings);
  const Credentials credentials = obtain_credentials(flags, cache_flags(settings));
  const std::string region = aws::parse_trust_anchor_arn(flags.session.trust_anchor_arn).region;
  ShellChanges changes = {region_variables(region), other_credential_variables()};
  // What is set below need not be taken away before.
  for (const Variable& variable : credential_variables(credentials))
    std::erase(changes.unset, variable.name);
  write_all(
      STDOUT_FILENO,
      export_text(credentials, changes, settings.text("format"), settings.text("profile")).view(),
      "standard output");
}

constexpr std::array<Option, 2> options = {{
    {.name = "format",
     .kind = Kind::choice,
     .value = "env|fish|powershell|json|ini|dotenv",
     .help = "For POSIX shells, fish, PowerShell; as credential_process; as the\n"
             "credentials file; NAME=value",
     .fallback = "env"},
    {.name = "profile",
     .value = "NAME",
     .help = "The section of --format ini",
     .fallback = "default"},
}};

}  // namespace

constinit const Command export_command = {
    .name = "export",
    .summary = "Print credentials for a shell or a file",
    .footer =
        "  eval \"$(rolecall export --binding NAME)\"\n"
        "  rolecall export --binding NAME --format fish | source\n"
        "  rolecall export --binding NAME --format powershell | Out-String | Invoke-Expression\n"
        "What is printed is secret, and lasts as long as the session: rolecall exec keeps it out\n"
        "of your shell.",
    .options = {options, all_session_options, cache_options, configuration_options, binding_option},
    .run = run,
};

}  // namespace rolecall::cli
