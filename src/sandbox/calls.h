// The system calls that a process in the sandbox may use. Every other one fails with ENOSYS, as on
// a kernel that does not have it, because C libraries then use an older call instead.
#pragma once

#include <sys/syscall.h>

#include <array>

namespace rolecall::sandbox {

// What the C library, libcurl, libmicrohttpd and OpenSSL use, and our own code. Not here, although
// @system-service of systemd has them: programs cannot be started (execve, and clone without
// CLONE_THREAD: seccomp.cpp), and nothing can be mounted, traced, loaded or measured.
inline constexpr std::array allowed_calls = {
    // Memory.
    __NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_mprotect, __NR_madvise, __NR_mlock,
    __NR_mlock2, __NR_munlock, __NR_membarrier,
    // Files that are open, and descriptors.
    __NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_lseek,
    __NR_close, __NR_close_range, __NR_fstat, __NR_fcntl, __NR_flock, __NR_fsync, __NR_fdatasync,
    __NR_ftruncate, __NR_fallocate, __NR_fadvise64, __NR_dup, __NR_dup3, __NR_pipe2, __NR_eventfd2,
    __NR_sendfile, __NR_copy_file_range, __NR_getdents64, __NR_fchown, __NR_fgetxattr,
    __NR_fsetxattr, __NR_flistxattr, __NR_fremovexattr, __NR_fstatfs,
    // Files by name. What may be opened, landlock says. No mode, owner or attribute of a file that
    // is not open can be changed, because landlock has no rule for that.
    __NR_openat, __NR_openat2, __NR_newfstatat, __NR_statx, __NR_faccessat, __NR_faccessat2,
    __NR_readlinkat, __NR_mkdirat, __NR_unlinkat, __NR_renameat, __NR_renameat2, __NR_linkat,
    __NR_symlinkat, __NR_getxattr, __NR_lgetxattr, __NR_listxattr, __NR_statfs, __NR_truncate,
    __NR_getcwd, __NR_umask,
    // Waiting.
    __NR_ppoll, __NR_pselect6, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait,
    __NR_epoll_pwait2, __NR_timerfd_create, __NR_timerfd_settime, __NR_inotify_init1,
    __NR_inotify_add_watch, __NR_inotify_rm_watch, __NR_nanosleep, __NR_clock_nanosleep,
    __NR_clock_gettime, __NR_clock_getres, __NR_gettimeofday, __NR_times,
    // The network. Which kinds of sockets, seccomp.cpp says. Not listen, which takes a free port
    // without bind: all ports are open before.
    __NR_socketpair, __NR_bind, __NR_accept, __NR_accept4, __NR_connect, __NR_getsockname,
    __NR_getpeername, __NR_setsockopt, __NR_getsockopt, __NR_sendto, __NR_recvfrom, __NR_sendmsg,
    __NR_recvmsg, __NR_sendmmsg, __NR_recvmmsg, __NR_shutdown,
    // Threads, and the end of the process.
    __NR_futex, __NR_set_robust_list, __NR_get_robust_list, __NR_rseq, __NR_sched_yield,
    __NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler, __NR_set_tid_address,
    __NR_gettid, __NR_exit, __NR_exit_group, __NR_restart_syscall, __NR_prctl, __NR_getcpu,
    // Signals, and the child of `exec`.
    __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigtimedwait,
    __NR_rt_sigpending, __NR_rt_sigsuspend, __NR_sigaltstack, __NR_signalfd4, __NR_wait4,
    __NR_waitid,
#ifndef __GLIBC__
    // musl has it for a thread of its own process. No filter can say which thread that is.
    __NR_tkill,
#endif
    // Who and where we are.
    __NR_getpid, __NR_getppid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_getresuid,
    __NR_getresgid, __NR_getgroups, __NR_getsid, __NR_getpgid, __NR_capget, __NR_uname,
    __NR_sysinfo, __NR_getrlimit, __NR_setrlimit, __NR_getrusage, __NR_getrandom,
    // To use the files of another user with that user's rights (base/acting_as.h).
    __NR_setfsuid, __NR_setfsgid, __NR_setgroups};

// Older forms of these calls, which only older processors have.
#ifdef __x86_64__
inline constexpr std::array older_calls = {
    __NR_open,     __NR_stat,         __NR_lstat,      __NR_access,    __NR_readlink,
    __NR_mkdir,    __NR_rmdir,        __NR_unlink,     __NR_rename,    __NR_link,
    __NR_symlink,  __NR_getdents,     __NR_dup2,       __NR_pipe,      __NR_poll,
    __NR_select,   __NR_epoll_create, __NR_epoll_wait, __NR_eventfd,   __NR_inotify_init,
    __NR_signalfd, __NR_time,         __NR_getpgrp,    __NR_arch_prctl};
#else
inline constexpr std::array<int, 0> older_calls = {};
#endif

}  // namespace rolecall::sandbox
