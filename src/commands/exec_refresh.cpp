#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/codec.h"
#include "base/process.h"
#include "base/signals.h"
#include "base/spawn.h"
#include "commands/child_environment.h"
#include "commands/enter_sandbox.h"
#include "commands/exec.h"
#include "commands/token_file.h"
#include "options/binding_options.h"
#include "options/hardware_limit.h"
#include "options/hidden_secrets.h"
#include "serve/renewals.h"
#include "serve/server_options.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t token_bytes = 32;

// All signals that can be caught, except those of faults in our own code, and those that the kernel
// sends because of our own use of pipes, files and CPU time (SIGPIPE, SIGXFSZ, SIGXCPU).
std::vector<int> signals_of_command() {
  constexpr std::array<int, 11> not_passed_on = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                                 SIGTRAP, SIGSYS,  SIGPIPE, SIGXFSZ, SIGXCPU};
  std::vector<int> numbers;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    const bool is_reserved_by_libc = number > SIGSYS && number < SIGRTMIN;
    if (is_reserved_by_libc ||
        std::find(not_passed_on.begin(), not_passed_on.end(), number) != not_passed_on.end())
      continue;
    numbers.push_back(number);
  }
  return numbers;
}

// Whether the command got this signal from the terminal too. A terminal sends its signals to the
// whole process group. The exception is SIGHUP when the terminal is gone, which only the leader of
// the session gets.
bool came_from_terminal(const siginfo_t& info) {
  if (info.si_signo == SIGHUP && getsid(0) == getpid()) return false;
  constexpr std::array<int, 8> terminal_signals = {SIGHUP,  SIGINT,  SIGQUIT, SIGTSTP,
                                                   SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH};
  return info.si_code == SI_KERNEL && std::find(terminal_signals.begin(), terminal_signals.end(),
                                                info.si_signo) != terminal_signals.end();
}

// Whether the command was stopped by job control. Then we stop too, because a shell watches our
// process to see that its job has stopped. Anyone who stops only the command with SIGSTOP
// (cpulimit, a debugger) also continues only the command.
bool is_job_control(int number) {
  return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

// The exit code of the command. Empty if it still runs.
std::optional<int> reap_children(pid_t command) {
  // As PID 1 of a container we also get the children of other processes. __WNOTHREAD: if a command
  // prints a password, it is a child of the thread that renews, and only that thread may wait for
  // it.
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WNOTHREAD)) > 0;) {
    if (pid != command) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    if (is_job_control(WSTOPSIG(status))) raise(SIGSTOP);
  }
  return std::nullopt;
}

int wait_for_end(pid_t command, const Signals& signals) {
  // A pending signal may have come before or after the start of the command. The command gets it in
  // both cases, because a program that has just started is not harmed by one signal too many.
  while (const int number = signals.wait(milliseconds(0)).si_signo) {
    if (number != SIGCHLD) kill(command, number);
  }
  for (;;) {
    if (const std::optional<int> code = reap_children(command)) return *code;
    const siginfo_t info = signals.wait(std::chrono::hours(1));
    if (info.si_signo == 0 || info.si_signo == SIGCHLD || came_from_terminal(info)) continue;
    // An editor that stops itself signals its whole process group, which includes us.
    if (info.si_code == SI_USER && info.si_pid == command) continue;
    kill(command, info.si_signo);
  }
}

int run_beside_server(const Settings& settings, const serve::Binding& binding,
                      std::vector<std::string> command, const serve::Log& log,
                      const Signals& signals) {
  http::Listener listener;
  const std::string uri = serve::loopback_origin(listener.name()).text() +
                          std::string(serve::container_root) + binding.name();
  const Secret token = random_hex(token_bytes);
  serve::ServiceOptions options;
  options.address = listener.name();
  options.bindings.push_back(&binding);
  options.containers.push_back({&binding, token.copy()});
  serve::Service service(std::move(options), log);
  const http::Server server(std::move(listener), serve::options_of_server(service),
                            [&service](const http::Request& request) {
                              return service.handle(request, aws::Instant::now());
                            });
  // Act on pending signals now, before there is a token file. Later signals go to the command, so
  // none of them can end us and leave the file behind.
  signals.wait_and_deliver(milliseconds(0));
  const TokenFile file(token);
  std::vector<Variable> variables = credentials_file_variables();
  variables.push_back({"AWS_CONTAINER_CREDENTIALS_FULL_URI", Secret(uri)});
  variables.push_back({"AWS_CONTAINER_AUTHORIZATION_TOKEN", token.copy()});
  if (!file.path().empty()) {
    variables.push_back({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Secret(file.path())});
  }
  const Program program(std::move(command),
                        child_environment(std::move(variables), binding.region()));
  const Spawned child = spawn(program.words(), program.environment(), [&signals] {
    signals.restore_mask();
    restore_signals_and_limits();
    hide_standard_streams();
  });
  if (child.error != 0) return program.report(child.error);
  // Not before: the command would be in the sandbox too.
  enter_sandbox(settings, {}, sandbox::Threads::all, true);
  return wait_for_end(child.pid, signals);
}

}  // namespace

int run_with_endpoint(const Settings& settings, std::vector<std::string> command) {
  const bool debug = settings.is_on("debug");
  const auto write = [quiet = settings.is_on("quiet")](const std::string& line) {
    return (quiet && line.starts_with("rolecall: warning: ")) || write_log(line);
  };
  const serve::Log log(serve::Log::Format::text, write, debug);
  serve::Renewals renewals(log, stderr_reporter(debug));
  renewals.add(binding_options(settings, "default"));
  renewals.load_identities(
      [](milliseconds limit) { exit_if_hardware_hangs(limit, no_credentials); });
  const Signals signals(signals_of_command());
  renewals.start();
  int code = 0;
  try {
    renewals.await_first_credentials([&signals] {
      signals.wait_and_deliver(milliseconds(10));
      return false;
    });
    code =
        run_beside_server(settings, renewals.bindings().front(), std::move(command), log, signals);
  } catch (const Error& error) {
    if (renewals.stop()) throw;
    print_error(error);
    _exit(no_credentials);
  }
  if (!renewals.stop()) _exit(code);
  return code;
}

}  // namespace rolecall::cli
