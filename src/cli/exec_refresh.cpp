#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "aws/config_profile.h"
#include "aws/credentials_file.h"
#include "base/openssl.h"
#include "base/process.h"
#include "base/spawn.h"
#include "cli/aws_files.h"
#include "cli/child_environment.h"
#include "cli/exec.h"
#include "cli/renewals.h"
#include "cli/ui.h"
#include "serve/service.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t token_bytes = 32;

// The signals that are the command's. Blocked before any thread starts, so that wait() alone gets
// them; those that come while there is no command yet do to us what they would have done.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD})
      sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~Signals() { give_back(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The mask as it was; safe after a fork.
  void give_back() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  // si_signo is 0 where none came in that time.
  siginfo_t wait(milliseconds time) const {
    timespec limit{};
    limit.tv_sec = time.count() / 1000;
    limit.tv_nsec = (time.count() % 1000) * 1000000;
    siginfo_t info{};
    if (sigtimedwait(&set_, &info, &limit) < 0) info.si_signo = 0;
    return info;
  }

  void act_on_one(milliseconds time) const {
    const int number = wait(time).si_signo;
    if (number == 0 || number == SIGCHLD) return;
    raise(number);
    give_back();
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

int wait_for_end(pid_t child, const Signals& signals) {
  for (;;) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) {
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    const siginfo_t info = signals.wait(std::chrono::hours(1));
    // What a terminal sends, it sends to the command as well.
    if (info.si_signo == 0 || info.si_signo == SIGCHLD || info.si_code == SI_KERNEL) continue;
    kill(child, info.si_signo);
  }
}

int run_beside_server(const serve::Binding& binding, std::vector<std::string> command,
                      const serve::Log& log, const Signals& signals) {
  http::Listener listener;
  const std::string uri =
      own_origin(listener.name()).text() + std::string(serve::container_root) + binding.name();
  const Secret token = random_hex(token_bytes);
  serve::ServiceOptions options;
  options.address = listener.name();
  options.bindings.push_back(&binding);
  options.containers.push_back({&binding, token.copy()});
  serve::Service service(std::move(options), log);
  const http::Server server(std::move(listener), options_of_server(),
                            [&service](const http::Request& request) {
                              return service.handle(request, aws::Instant::now());
                            });
  std::vector<Variable> variables;
  variables.push_back({"AWS_CONTAINER_CREDENTIALS_FULL_URI", Secret(uri)});
  variables.push_back({"AWS_CONTAINER_AUTHORIZATION_TOKEN", token.copy()});
  const Program program(std::move(command), child_environment(variables, binding.region()));
  const Spawned child = spawn(program.words(), program.environment(), [&signals] {
    signals.give_back();
    give_back_signals_and_limits();
  });
  return child.error != 0 ? program.report(child.error) : wait_for_end(child.pid, signals);
}

// SDKs look for an endpoint last.
void warn_of_default_profile(const Reporter& reporter) {
  try {
    const std::string config = aws_config_path();
    const std::string credentials = aws_credentials_path();
    const Secret config_text = read_text_file(aws::config_file_role, config);
    const Secret credentials_text = read_text_file(aws::credentials_file_role, credentials);
    for (const std::string& found : aws::credential_settings(
             {"default", config, config_text.view(), credentials, credentials_text.view()}))
      reporter.warning(found + " comes before what --refresh gives the command");
  } catch (const Error&) {
    return;  // no home directory, or files that we may not read: the command may not, either
  }
}

}  // namespace

int run_with_endpoint(serve::BindingOptions binding, std::vector<std::string> command, bool debug) {
  const serve::Log log(serve::Log::Format::text, write_log, debug);
  warn_of_default_profile(stderr_reporter(debug));
  Renewals renewals(log, debug);
  renewals.add(std::move(binding));
  renewals.load_identities(false);
  const Signals signals;
  renewals.start();
  int code = 0;
  try {
    renewals.await_first([&signals] {
      signals.act_on_one(milliseconds(10));
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
