#include "sandbox/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "base/text.h"
#include "sandbox/calls.h"

namespace rolecall::sandbox {
namespace {

#if defined(__x86_64__)
constexpr unsigned this_processor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned this_processor = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned this_processor = 0;
#endif

// A sanitizer reads the memory of the process through another process.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_possible = false;
#else
constexpr bool is_possible = this_processor != 0;
#endif

using Filter = std::vector<sock_filter>;

void load(Filter& filter, std::size_t offset) {
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)));
}

// The lower half of an argument. Both processors are little-endian, and all arguments that the
// filter looks at have 32 bits.
void load_argument(Filter& filter, std::size_t number) {
  load(filter, offsetof(seccomp_data, args) + number * sizeof(__u64));
}

void answer(Filter& filter, unsigned action) {
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, action));
}

constexpr unsigned failing_with(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<unsigned>(error) & SECCOMP_RET_DATA);
}

// If what is loaded equals `value`, the filter ends with `action`.
void answer_if_equal(Filter& filter, unsigned value, unsigned action) {
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  answer(filter, action);
}

void answer_for_call(Filter& filter, long call, unsigned action) {
  answer_if_equal(filter, static_cast<unsigned>(call), action);
}

// The instructions of `rule` run only for this call, and end the filter.
void rule_for_call(Filter& filter, long call, const Filter& rule) {
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0,
                            static_cast<unsigned char>(rule.size())));
  filter.insert(filter.end(), rule.begin(), rule.end());
}

// Threads, but no processes.
Filter rule_for_clone() {
  Filter rule;
  load_argument(rule, 0);
  rule.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
  answer(rule, SECCOMP_RET_ALLOW);
  answer(rule, failing_with(EPERM));
  return rule;
}

Filter rule_for_socket() {
  Filter rule;
  load_argument(rule, 0);
  // AF_NETLINK: for the user of a connection, and for the C library when it resolves names.
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK})
    answer_if_equal(rule, static_cast<unsigned>(family), SECCOMP_RET_ALLOW);
  answer(rule, failing_with(EAFNOSUPPORT));
  return rule;
}

// The first argument is this process, or one of the `others`. So no other process gets a signal or
// other limits.
Filter rule_for_own_process(std::initializer_list<unsigned> others) {
  Filter rule;
  load_argument(rule, 0);
  answer_if_equal(rule, static_cast<unsigned>(getpid()), SECCOMP_RET_ALLOW);
  for (const unsigned other : others)
    answer_if_equal(rule, other, SECCOMP_RET_ALLOW);
  answer(rule, failing_with(EPERM));
  return rule;
}

// No setuid and no setgid program, which another user could start without the sandbox.
Filter rule_for_fchmod() {
  Filter rule;
  load_argument(rule, 1);
  rule.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, S_ISUID | S_ISGID, 0, 1));
  answer(rule, failing_with(EPERM));
  answer(rule, SECCOMP_RET_ALLOW);
  return rule;
}

// Not into the input of the terminal, which a shell would take for typed commands: TIOCLINUX can
// paste a selection there.
Filter rule_for_ioctl() {
  Filter rule;
  load_argument(rule, 1);
  for (const int request : {TIOCSTI, TIOCLINUX})
    answer_if_equal(rule, static_cast<unsigned>(request), failing_with(EPERM));
  answer(rule, SECCOMP_RET_ALLOW);
  return rule;
}

Filter make_filter(bool signals_child) {
  Filter filter;
  load(filter, offsetof(seccomp_data, arch));
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, this_processor, 1, 0));
  answer(filter, failing_with(ENOSYS));
  load(filter, offsetof(seccomp_data, nr));
  for (const long call : allowed_calls)
    answer_for_call(filter, call, SECCOMP_RET_ALLOW);
  for (const long call : older_calls)
    answer_for_call(filter, call, SECCOMP_RET_ALLOW);
  if (signals_child) answer_for_call(filter, __NR_kill, SECCOMP_RET_ALLOW);
  rule_for_call(filter, __NR_clone, rule_for_clone());
  rule_for_call(filter, __NR_socket, rule_for_socket());
  rule_for_call(filter, __NR_ioctl, rule_for_ioctl());
  rule_for_call(filter, __NR_fchmod, rule_for_fchmod());
  rule_for_call(filter, __NR_tgkill, rule_for_own_process({}));
  rule_for_call(filter, __NR_prlimit64, rule_for_own_process({0}));
  // Also clone3, whose arguments no filter can read: C libraries then use clone.
  answer(filter, failing_with(ENOSYS));
  return filter;
}

}  // namespace

std::string filter_calls(bool signals_child) {
  if (!is_possible) return "not in this build";
  Filter filter = make_filter(signals_child);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  // Also for threads that run already. They get no_new_privs too.
  const long result =
      syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (result == 0) return {};
  if (result > 0) return cat("thread ", result, " has a filter of its own");
  const bool is_missing = errno == ENOSYS || errno == EINVAL || errno == EPERM;
  return is_missing ? no_filters : std::strerror(errno);
}

bool kernel_filters_calls() {
  // EFAULT: it would have read the filter.
  return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, nullptr) != 0 &&
         errno == EFAULT;
}

}  // namespace rolecall::sandbox
