// rolecall export: prints credentials for shells and files.
#include <unistd.h>

#include <array>

#include "aws/arn.h"
#include "base/files.h"
#include "commands/all_commands.h"
#include "commands/child_environment.h"
#include "commands/export_text.h"
#include "commands/obtain.h"
#include "options/options.h"
#include "options/session_flags.h"

namespace rolecall::cli {
namespace {

void run_export(const Settings& settings, const CommandLine& /*line*/) {
  const SessionFlags flags = session_flags(settings);
  const Credentials credentials = obtain_credentials(settings, flags);
  const std::string region = aws::parse_trust_anchor_arn(flags.session.trust_anchor_arn).region;
  ShellChanges changes = {region_variables(region), other_credential_variables()};
  // A variable that gets a new value need not be unset before.
  for (const Variable& variable : credential_variables(credentials))
    std::erase(changes.unset, variable.name);
  write_all(
      STDOUT_FILENO,
      export_text(credentials, changes, settings.text("format"), settings.text("profile")).view(),
      "standard output");
}

constexpr std::array<Option, 2> export_options = {{
    {.name = "format",
     .kind = Kind::choice,
     .group = output_group,
     .help = "The form of the output. env is for POSIX shells. json is the output of "
             "credential-process. ini is a section of ~/.aws/credentials. dotenv is NAME=value in "
             "each line.",
     .default_value = "env",
     .choices = "env|fish|powershell|json|ini|dotenv"},
    {.name = "profile",
     .group = output_group,
     .value = "NAME",
     .help = "The name of the section. Used only with --format ini.",
     .default_value = "default"},
}};

}  // namespace

constinit const Command export_command = {
    .name = "export",
    .summary = "Print credentials for a shell or a file",
    .description =
        "The output is a secret, and it is valid until the session expires. \"rolecall exec\" "
        "gives the credentials only to one command.",
    .footer =
        "Examples:\n"
        "  eval \"$(rolecall export --binding billing)\"\n"
        "  rolecall export --binding billing --format fish | source\n"
        "  rolecall export --binding billing --format powershell |\n"
        "    Out-String | Invoke-Expression",
    .options = {export_options, all_session_options, cache_options, configuration_options,
                binding_option},
    .run = run_export,
};

}  // namespace rolecall::cli
