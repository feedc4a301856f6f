#include "sandbox/sandbox.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/text.h"
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4  // glibc has it since 2.27
#endif

namespace rolecall::sandbox {
namespace {

constexpr const char* memory_lock = "memory lock";
constexpr const char* capabilities = "capabilities";
constexpr const char* no_new_privileges = "no new privileges";
constexpr const char* files = "files";
constexpr const char* calls = "system calls";

constexpr const char* threads_run = "Linux cannot change threads that run";

std::string error_text() {
  return std::strerror(errno);
}

using CapabilitySets = std::array<__user_cap_data_struct, 2>;

constexpr __user_cap_header_struct this_thread{_LINUX_CAPABILITY_VERSION_3, 0};

bool has_capability(int capability) {
  __user_cap_header_struct header = this_thread;
  CapabilitySets sets{};
  return syscall(SYS_capget, &header, sets.data()) == 0 &&
         (sets.at(static_cast<std::size_t>(capability) / 32).effective >> (capability % 32) & 1U) !=
             0;
}

// Not with a finite limit: it counts the size of all mappings, such as the stacks of threads, and a
// later allocation that exceeds it would fail. CAP_IPC_LOCK is a right to exceed it.
std::string lock_memory() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return error_text();
  if (limit.rlim_cur != RLIM_INFINITY && !has_capability(CAP_IPC_LOCK))
    return cat("the limit is ", limit.rlim_cur / 1024, " KiB; systemd: LimitMEMLOCK=infinity");
  // ONFAULT: only the pages that are used.
  return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 ? "" : error_text();
}

// Those for files and users, since root may read a key and replace a credentials file of another
// user; and that for the memory lock.
constexpr std::array kept_capabilities = {CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                                          CAP_FOWNER,  CAP_SETGID,       CAP_SETUID,
                                          CAP_IPC_LOCK};

// Only of this thread and those that it starts later.
std::string drop_capabilities() {
  // Before the bounding set is made smaller, which takes CAP_SETPCAP. It matters only for programs
  // that are started, so without that capability nothing is lost.
  std::uint64_t kept = 0;
  for (const int capability : kept_capabilities)
    kept |= std::uint64_t{1} << capability;
  for (int capability = 0; capability < 64; ++capability)
    if ((kept >> capability & 1U) == 0 && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
      prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);

  __user_cap_header_struct header = this_thread;
  CapabilitySets sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return error_text();
  bool has_more = false;
  for (std::size_t half = 0; half < sets.size(); ++half) {
    const auto mask = static_cast<std::uint32_t>(kept >> (32 * half));
    for (std::uint32_t* set :
         {&sets.at(half).effective, &sets.at(half).permitted, &sets.at(half).inheritable}) {
      has_more = has_more || (*set & ~mask) != 0;
      *set &= mask;
    }
  }
  return !has_more || syscall(SYS_capset, &header, sets.data()) == 0 ? "" : error_text();
}

std::string refuse_new_privileges() {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? "" : error_text();
}

}  // namespace

std::vector<Measure> enter(const Needs& needs, Threads threads) {
  std::vector<Measure> measures;
  const auto take = [&measures](const char* name, std::string reason_it_is_off) {
    measures.push_back({name, std::move(reason_it_is_off)});
    return measures.back().is_on();
  };
  take(memory_lock, lock_memory());
  if (needs.starts_programs) {
    const std::string why = "the programs that this process starts would have the same limits";
    for (const char* const name : {capabilities, no_new_privileges, files, calls})
      take(name, why);
    return measures;
  }
  take(capabilities, threads == Threads::all ? threads_run : drop_capabilities());
  if (!take(no_new_privileges, refuse_new_privileges())) {
    take(files, "see no new privileges");
    take(calls, "see no new privileges");
    return measures;
  }
  if (needs.loads_modules) {
    const std::string why = "modules of PKCS#11 and of OpenSSL may need any";
    take(files, why);
    take(calls, why);
    return measures;
  }
  take(files, threads == Threads::all ? threads_run : limit_files(needs.read, needs.write));
  take(calls, filter_calls(needs.signals_child));
  return measures;
}

std::string text(const std::vector<Measure>& measures) {
  std::string on;
  std::string off;
  for (const Measure& measure : measures) {
    if (measure.is_on()) {
      on += cat(on.empty() ? "" : ", ", measure.name);
    } else {
      off += cat(off.empty() ? "" : ", ", measure.name, " (", measure.reason_it_is_off, ")");
    }
  }
  return cat("on: ", on.empty() ? "nothing" : on, off.empty() ? "" : "; off: ", off);
}

std::vector<Measure> missing_in_kernel() {
  std::vector<Measure> missing;
  if (!kernel_limits_files()) missing.push_back({files, no_landlock});
  if (!kernel_filters_calls()) missing.push_back({calls, no_filters});
  return missing;
}

}  // namespace rolecall::sandbox
