#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "cli/command.h"
#include "cli/obtain.h"

namespace rolecall::cli {

void credential_process(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  SessionFlags flags;
  CacheFlags cache;
  add_session_flags(app, flags);
  add_cache_flags(app, cache);
  parse(app,
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
        std::move(arguments));
  finish_session_flags(app, flags);

  Secret line = credential_process_json(obtain_credentials(flags, cache));
  line.append("\n");
  write_all(STDOUT_FILENO, line.view(), "standard output");
}

}  // namespace rolecall::cli
