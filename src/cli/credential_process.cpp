// rolecall credential-process: credentials as one line of JSON.
#include <unistd.h>

#include "base/files.h"
#include "cli/command.h"
#include "cli/obtain.h"
#include "cli/options.h"
#include "cli/session_flags.h"

namespace rolecall::cli {
namespace {

void run(const Settings& settings, const CommandLine& /*line*/) {
  Secret json =
      credential_process_json(obtain_credentials(session_flags(settings), cache_flags(settings)));
  json.append("\n");
  write_all(STDOUT_FILENO, json.view(), "standard output");
}

}  // namespace

constinit const Command credential_process_command = {
    .name = "credential-process",
    .summary = "Print temporary AWS credentials as credential_process wants them",
    .footer =
        "Prints one line of JSON with the credentials, as the AWS CLI and SDKs read it:\n"
        "  [profile demo]\n"
        "  credential_process = /usr/bin/rolecall credential-process\n"
        "    --certificate /etc/pki/app.pem --private-key /etc/pki/app.key\n"
        "    --role-arn arn:aws:iam::123456789012:role/demo\n"
        "    --profile-arn arn:aws:rolesanywhere:us-east-1:123456789012:profile/ID\n"
        "    --trust-anchor-arn arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/ID\n"
        "(there on one line; no ~ and no variables; paths with spaces in double quotes)\n"
        "\n"
        "Exit code: 0 done, 1 refused, 2 wrong flags or files, 3 worth another try later.\n"
        "To try it without AWS: rolecall emulate --help",
    .options = {all_session_options, cache_options, configuration_options, binding_option},
    .run = run,
};

}  // namespace rolecall::cli
