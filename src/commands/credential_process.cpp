// rolecall credential-process: prints credentials as one line of JSON.
#include <unistd.h>

#include "base/files.h"
#include "commands/all_commands.h"
#include "commands/obtain.h"
#include "options/options.h"
#include "options/session_flags.h"

namespace rolecall::cli {
namespace {

void run_credential_process(const Settings& settings, const CommandLine& /*line*/) {
  Secret json = credential_process_json(obtain_credentials(settings, session_flags(settings)));
  json.append("\n");
  write_all(STDOUT_FILENO, json.view(), "standard output");
}

}  // namespace

constinit const Command credential_process_command = {
    .name = "credential-process",
    .summary = "Print temporary AWS credentials for credential_process",
    .description =
        "This command requests credentials from IAM Roles Anywhere and prints them as one line "
        "of JSON. The AWS CLI and the SDKs run it for a profile with credential_process.",
    .footer =
        "Examples:\n"
        "  rolecall credential-process --binding billing\n"
        "  rolecall credential-process \\\n"
        "    --certificate app.pem --private-key app.key \\\n"
        "    --role-arn ROLE_ARN --profile-arn PROFILE_ARN \\\n"
        "    --trust-anchor-arn TRUST_ANCHOR_ARN\n"
        "\n"
        "\"rolecall configure\" writes this into ~/.aws/config, on one line and with full paths:\n"
        "  [profile billing]\n"
        "  credential_process = /usr/bin/rolecall credential-process --binding billing\n"
        "\n"
        "\"rolecall emulate --help\" explains how to try this without AWS.",
    .options = {all_session_options, cache_options, configuration_options, binding_option},
    .run = run_credential_process,
};

}  // namespace rolecall::cli
