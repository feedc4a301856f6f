// rolecall exec: another program in our place, with credentials in its environment.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "aws/arn.h"
#include "base/process.h"
#include "cli/child_environment.h"
#include "cli/command.h"
#include "cli/obtain.h"
#include "cli/ui.h"

namespace rolecall::cli {
namespace {

// As env(1), timeout(1) and shells have it.
constexpr int cannot_run = 126;
constexpr int not_found = 127;

[[noreturn]] void become(std::vector<std::string> command, Secret environment) {
  std::vector<char*> words;
  for (std::string& word : command)
    words.push_back(word.data());
  words.push_back(nullptr);
  std::vector<char*> variables;
  for (char* at = environment.data(); at < environment.data() + environment.size();
       at += std::strlen(at) + 1)
    variables.push_back(at);
  variables.push_back(nullptr);
  give_back_signals_and_limits();
  execvpe(words[0], words.data(), variables.data());
  const int error = errno;
  take_signals();
  print_error(Error(ErrorKind::usage, "cannot run " + command[0] + ": " + std::strerror(error)));
  _exit(error == ENOENT ? not_found : cannot_run);
}

}  // namespace

void exec(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  // They come in reverse: the last "--" is the first that was given.
  const auto dashes = std::find(arguments.rbegin(), arguments.rend(), "--");
  std::vector<std::string> command;
  if (dashes != arguments.rend()) {
    const auto end = dashes.base() - 1;  // where "--" is
    command.assign(std::make_reverse_iterator(end), arguments.rend());
    arguments.erase(arguments.begin(), dashes.base());
  }
  SessionFlags flags;
  CacheFlags cache;
  add_session_flags(app, flags);
  add_cache_flags(app, cache);
  parse(app,
        "Usage: rolecall exec [OPTIONS] -- COMMAND [ARGUMENTS]\n"
        "The command takes this program's place, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,\n"
        "AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION in its environment (and AWS_REGION where\n"
        "no region is set), and without AWS_PROFILE and what else would win over them.\n"
        "Exit code: the command's; 125 where there are no credentials for it, 126 where it cannot\n"
        "be run, 127 where it is not found.",
        std::move(arguments));
  if (command.empty()) {
    throw Error(ErrorKind::usage, "there is no command to run",
                "it stands behind two dashes: rolecall exec --binding NAME -- aws s3 ls");
  }
  finish_session_flags(app, flags);
  const Credentials credentials = obtain_credentials(flags, cache);
  become(std::move(command),
         child_environment(credentials,
                           aws::parse_trust_anchor_arn(flags.session.trust_anchor_arn).region));
}

}  // namespace rolecall::cli
