#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/openssl.h"
#include "base/process.h"
#include "base/signals.h"
#include "base/spawn.h"
#include "commands/child_environment.h"
#include "commands/exec.h"
#include "commands/token_file.h"
#include "options/withheld.h"
#include "serve/renewals.h"
#include "serve/server_options.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t token_bytes = 32;

// All that can be taken but those of our own faults, and those that the kernel has for our own use
// of pipes, files and time.
std::vector<int> signals_of_command() {
  constexpr std::array<int, 11> ours = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                        SIGTRAP, SIGSYS,  SIGPIPE, SIGXFSZ, SIGXCPU};
  std::vector<int> numbers;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    const bool is_libcs = number > SIGSYS && number < SIGRTMIN;
    if (is_libcs || std::find(ours.begin(), ours.end(), number) != ours.end()) continue;
    numbers.push_back(number);
  }
  return numbers;
}

// What a terminal sends, it sends to the command as well; but that it is gone, to the leader of its
// session alone.
bool is_of_terminal(const siginfo_t& info) {
  if (info.si_signo == SIGHUP && getsid(0) == getpid()) return false;
  constexpr std::array<int, 8> terminals = {SIGHUP,  SIGINT,  SIGQUIT, SIGTSTP,
                                            SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH};
  return info.si_code == SI_KERNEL &&
         std::find(terminals.begin(), terminals.end(), info.si_signo) != terminals.end();
}

// A shell has to see that its job stands still, and it looks at us. But who stops the command alone
// by SIGSTOP (cpulimit, a debugger) also lets that alone go on.
bool is_of_job_control(int number) {
  return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

// Its exit code, once the command has ended.
std::optional<int> look_at_children(pid_t command) {
  // As PID 1 of a container we get others' children as well. __WNOTHREAD: a command that prints a
  // password is the child of the thread that renews, which waits for it.
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WNOTHREAD)) > 0;) {
    if (pid != command) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    if (is_of_job_control(WSTOPSIG(status))) raise(SIGSTOP);
  }
  return std::nullopt;
}

int wait_for_end(pid_t command, const Signals& signals) {
  // Of those that are there by now nobody knows whether they came before the command, so it gets
  // them: one too many is no harm to a program that has just begun.
  while (const int number = signals.wait(milliseconds(0)).si_signo) {
    if (number != SIGCHLD) kill(command, number);
  }
  for (;;) {
    if (const std::optional<int> code = look_at_children(command)) return *code;
    const siginfo_t info = signals.wait(std::chrono::hours(1));
    if (info.si_signo == 0 || info.si_signo == SIGCHLD || is_of_terminal(info)) continue;
    // An editor stops all of its process group, us as well as itself.
    if (info.si_code == SI_USER && info.si_pid == command) continue;
    kill(command, info.si_signo);
  }
}

int run_beside_server(const serve::Binding& binding, std::vector<std::string> command,
                      const serve::Log& log, const Signals& signals) {
  http::Listener listener;
  const std::string uri = serve::own_origin(listener.name()).text() +
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
  // Signals that come later go to the command, so that none of them leaves the token's file behind.
  signals.act(milliseconds(0));
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
    signals.give_back();
    give_back_signals_and_limits();
    withhold_standard_streams();
  });
  return child.error != 0 ? program.report(child.error) : wait_for_end(child.pid, signals);
}

}  // namespace

int run_with_endpoint(serve::BindingOptions binding, std::vector<std::string> command, bool debug,
                      bool quiet) {
  const auto write = [quiet](const std::string& line) {
    return (quiet && line.starts_with("rolecall: warning: ")) || write_log(line);
  };
  const serve::Log log(serve::Log::Format::text, write, debug);
  serve::Renewals renewals(log, stderr_reporter(debug));
  renewals.add(std::move(binding));
  renewals.load_identities();
  const Signals signals(signals_of_command());
  renewals.start();
  int code = 0;
  try {
    renewals.await_first([&signals] {
      signals.act(milliseconds(10));
      return false;
    });
    code = run_beside_server(renewals.bindings().front(), std::move(command), log, signals);
  } catch (const Error& error) {
    if (renewals.stop()) throw;
    print_error(error);
    _exit(no_credentials);
  }
  if (!renewals.stop()) _exit(code);
  return code;
}

}  // namespace rolecall::cli
