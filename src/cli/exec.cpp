// rolecall exec: another program in our place, with credentials in its environment.
#include "cli/exec.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "aws/arn.h"
#include "base/process.h"
#include "base/shell_word.h"
#include "cli/child_environment.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/hardware_limit.h"
#include "cli/obtain.h"
#include "cli/renewals.h"
#include "cli/settings.h"
#include "cli/ui.h"
#include "cli/withheld.h"

namespace rolecall::cli {
namespace {

[[noreturn]] void become(const Program& program) {
  give_back_signals_and_limits();
  withhold_standard_streams();
  execvpe(program.words()[0], program.words(), program.environment());
  const int error = errno;
  take_signals();
  _exit(program.report(error));
}

// What stands behind the first "--". Arguments come in reverse.
std::vector<std::string> take_command(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.rbegin(), arguments.rend(), "--");
  std::vector<std::string> command(dashes == arguments.rend() ? dashes : dashes + 1,
                                   arguments.rend());
  arguments.erase(arguments.begin(), dashes.base());
  return command;
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
}

// The command would act as somebody else.
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

void exec(CLI::App& app, std::vector<std::string> arguments) {
  protect_memory();  // first: a password may be among the flags
  std::vector<std::string> command = take_command(arguments);
  if (command.empty() && !asks_for_help(arguments)) {
    throw Error(ErrorKind::usage, "there is no command to run",
                "it stands behind two dashes: rolecall exec --binding NAME -- aws s3 ls");
  }
  SessionFlags flags;
  CacheFlags cache;
  bool refresh = false;
  bool allow_default_profile = false;
  add_switch(app, "--refresh", refresh,
             "For runs longer than a session: the command gets an endpoint\n"
             "that renews, in place of credentials");
  add_switch(app, "--allow-default-profile", allow_default_profile,
             "With --refresh: run the command also if the default profile of\n"
             "AWS's files has credentials, which take precedence");
  add_session_flags(app, flags);
  add_cache_flags(app, cache);
  parse(app,
        "Usage: rolecall exec [OPTIONS] -- COMMAND [ARGUMENTS]\n"
        "The command takes this program's place, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,\n"
        "AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION in its environment, with AWS_REGION and\n"
        "AWS_DEFAULT_REGION, and without AWS_PROFILE and whatever else takes precedence.\n"
        "With --refresh it is a child that finds AWS_CONTAINER_CREDENTIALS_FULL_URI instead.\n"
        "Exit code: the command's; 125 where there are no credentials for it, 126 where it cannot\n"
        "be run, 127 where it is not found.",
        std::move(arguments));
  if (refresh) {
    if (!allow_default_profile) refuse_other_credentials();
    end_process(run_with_endpoint(binding_options(app, flags, "exec"), std::move(command),
                                  flags.debug, is_quiet(app)));
  }
  finish_session_flags(app, flags);
  end_where_hardware_is_silent(flags.session.timeout, no_credentials);
  const Credentials credentials = obtain_credentials(flags, cache);
  const std::string region = aws::parse_trust_anchor_arn(flags.session.trust_anchor_arn).region;
  become(Program(std::move(command), child_environment(credential_variables(credentials), region)));
}

}  // namespace rolecall::cli
