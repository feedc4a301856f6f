#include "base/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace rolecall {

namespace {

struct Disposition {
  int signal;
  void (*handler)(int);
  struct sigaction old_action;
  bool is_changed;
};
Disposition dispositions[] = {
    {SIGPIPE, SIG_IGN, {}, false}, {SIGXFSZ, SIG_IGN, {}, false}, {SIGCHLD, SIG_DFL, {}, false}};
rlimit old_core_limit{};
bool is_core_lowered = false;
rlimit old_descriptor_limit{};
bool are_descriptors_raised = false;

}  // namespace

void set_signal_actions() noexcept {
  for (Disposition& disposition : dispositions) {
    struct sigaction action {};
    action.sa_handler = disposition.handler;
    disposition.is_changed = sigaction(disposition.signal, &action, &disposition.old_action) == 0;
  }
}

void restore_signals_and_limits() noexcept {
  for (const Disposition& disposition : dispositions) {
    if (disposition.is_changed) sigaction(disposition.signal, &disposition.old_action, nullptr);
  }
  if (is_core_lowered) setrlimit(RLIMIT_CORE, &old_core_limit);
  if (are_descriptors_raised) setrlimit(RLIMIT_NOFILE, &old_descriptor_limit);
}

void raise_descriptor_limit(rlim_t count) noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlimit old = limit;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, count));
  if (limit.rlim_cur == old.rlim_cur || setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (!are_descriptors_raised) old_descriptor_limit = old;
  are_descriptors_raised = true;
}

void protect_memory() noexcept {
  // Changes only the soft limit, so that it can be raised again. No other process can raise it,
  // because that needs the same right as ptrace.
  rlimit none{};
  if (!is_core_lowered && getrlimit(RLIMIT_CORE, &none) == 0) {
    old_core_limit = none;
    none.rlim_cur = 0;
    is_core_lowered = setrlimit(RLIMIT_CORE, &none) == 0;
  }
#ifndef __SANITIZE_ADDRESS__  // at exit, a process that traces this one checks for leaks
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

void end_process(int code) noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::exit(code);
#else
  _exit(code);
#endif
}

void guard_standard_descriptors() noexcept {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open() returns the lowest free number, which is the number that was just found closed.
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDONLY);
  }
}

}  // namespace rolecall
