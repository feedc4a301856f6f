// rolecall exec: runs another program instead of rolecall, with credentials in its environment.
#include "commands/exec.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "aws/arn.h"
#include "base/process.h"
#include "base/shell_word.h"
#include "commands/all_commands.h"
#include "commands/child_environment.h"
#include "commands/obtain.h"
#include "options/binding_options.h"
#include "options/hidden_secrets.h"
#include "options/options.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

[[noreturn]] void replace_this_process(const Program& program) {
  restore_signals_and_limits();
  hide_standard_streams();
  execvpe(program.words()[0], program.words(), program.environment());
  const int error = errno;
  set_signal_actions();
  _exit(program.report(error));
}

// With these credentials, the command would act as another role or user.
void refuse_other_credentials() {
  const std::vector<std::string> found = other_credentials_in_files();
  if (found.empty()) return;
  std::string all = found.front();
  for (std::size_t i = 1; i < found.size(); ++i)
    all += (i + 1 == found.size() ? ", and " : ", ") + found[i];
  throw Error(ErrorKind::usage,
              all + (found.size() == 1 ? ", takes" : ", take") +
                  " precedence over the endpoint of --refresh, so the command would use other "
                  "credentials",
              "exec without --refresh gives credentials that take precedence over every file. Or "
              "give that profile another name; or, if the command needs none of these files, set "
              "AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE (BOTO_CONFIG) to /dev/null. With "
              "--allow-default-profile the command runs with the other credentials");
}

std::string hint_for(const std::vector<std::string>& command, int error) {
  const std::string& name = command.front();
  const bool is_path = name.find('/') != std::string::npos;
  struct stat info {};
  const bool exists = is_path && stat(name.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return "it is a directory: name a program in it";
  if (error == ENOENT && command.size() == 1 && name.find_first_of(" \t\n") != std::string::npos) {
    return "it is one word: write it without the quotes, or -- sh -c " + shell_word(name) +
           " for a shell";
  }
  if (error == ENOENT && exists) return "the interpreter that it needs is missing (its first line)";
  if (error == ENOENT) return is_path ? "check the path" : "no directory of PATH has it";
  if (error == EACCES && exists && (info.st_mode & 0111U) == 0) {
    return "if it is a program: chmod +x it";
  }
  return error == ENOTDIR ? "check the path" : "";
}

}  // namespace

Program::Program(std::vector<std::string> command, Secret environment)
    : command_(std::move(command)), block_(std::move(environment)) {
  for (std::string& word : command_)
    words_.push_back(word.data());
  words_.push_back(nullptr);
  for (char* at = block_.data(); at < block_.data() + block_.size(); at += std::strlen(at) + 1)
    variables_.push_back(at);
  variables_.push_back(nullptr);
}

int Program::report(int error) const {
  print_error(Error(ErrorKind::usage, "cannot run " + command_[0] + ": " + std::strerror(error),
                    hint_for(command_, error)));
  return error == ENOENT ? not_found : cannot_run;
}

namespace {

void run_exec(const Settings& settings, const CommandLine& line) {
  if (settings.is_on("refresh")) {
    if (!settings.is_on("allow-default-profile")) refuse_other_credentials();
    end_process(run_with_endpoint(settings, line.command_to_run));
  }
  const SessionFlags flags = session_flags(settings);
  const Credentials credentials = obtain_credentials(settings, flags);
  const std::string region = aws::parse_trust_anchor_arn(flags.session.trust_anchor_arn).region;
  replace_this_process(
      Program(line.command_to_run, child_environment(credential_variables(credentials), region)));
}

constexpr std::array<Option, 3> exec_options = {{
    {.name = "refresh",
     .kind = Kind::toggle,
     .group = renewal_group,
     .help = "Renew the credentials while the command runs, for a command that runs longer than a "
             "session. The command gets an endpoint instead of credentials."},
    {.name = "allow-default-profile",
     .kind = Kind::toggle,
     .group = renewal_group,
     .help = "With --refresh, run the command even if AWS's files have credentials for the default "
             "profile. The command then uses those credentials. Without this option, that is an "
             "error."},
    explained(no_sandbox_option(renewal_group),
              "With --refresh, let the process that renews keep all rights of this user. Without "
              "this option, it gives up the system calls that it does not need. The command that "
              "exec runs keeps its rights in any case."),
}};

}  // namespace

constinit const Command exec_command = {
    .name = "exec",
    .summary = "Run a command with credentials in its environment",
    .description =
        "The command replaces rolecall, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
        "AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, AWS_REGION and AWS_DEFAULT_REGION in its "
        "environment. Variables that take precedence over these, such as AWS_PROFILE, are "
        "removed.\n\n"
        "With --refresh, rolecall keeps running beside the command. The command gets "
        "AWS_CONTAINER_CREDENTIALS_FULL_URI instead of the credentials.",
    .footer =
        "Examples:\n"
        "  rolecall exec --binding billing -- aws s3 ls\n"
        "  rolecall exec --binding billing --refresh -- ./backup.sh\n"
        "\n"
        "Exit codes:\n"
        "  125  rolecall cannot get credentials for the command.\n"
        "  126  The command cannot be run.\n"
        "  127  The command cannot be found.\n"
        "Otherwise, exec returns the exit code of the command.",
    .options = {exec_options, all_session_options, cache_options, configuration_options,
                binding_option},
    .run = run_exec,
    .usage = "[OPTIONS] -- COMMAND [ARGUMENTS]",
    .needs_command_to_run = true,
    .failure_exit_code = no_credentials,
};

}  // namespace rolecall::cli
