// Protects the memory of this process, and prepares its signals and descriptors.
#pragma once

#include <sys/resource.h>

namespace rolecall {

// Turns off core dumps, and keeps other processes of the same user from reading the memory of this
// process (ptrace, /proc/PID/mem). Each run calls this before it handles a secret. If the kernel
// refuses, nothing else changes.
void protect_memory() noexcept;

// Ignores SIGPIPE and SIGXFSZ, so that rolecall reports an error, instead of dying without a
// message, if a reader has closed its pipe or a file has reached its size limit. Sets SIGCHLD to
// its default, because if the parent process ignored SIGCHLD, rolecall could not get the exit code
// of a command.
void set_signal_actions() noexcept;

// Allows this process `count` open descriptors, or as many as it may have. Does not lower the
// limit.
void raise_descriptor_limit(rlim_t count) noexcept;

// Undoes set_signal_actions and restores the limits for core dumps and descriptors, for a program
// that rolecall starts or that replaces it. That program gets what rolecall got.
void restore_signals_and_limits() noexcept;

// Ends the process without the work of exit(3): OpenSSL would free its memory, and some thirty
// libraries would run their exit functions, although the output is written and the secrets are
// wiped. Builds with a sanitizer do call exit(3), because the sanitizer reports there.
[[noreturn]] void end_process(int code) noexcept;

// If standard input, output or error is closed, the next file or socket that is opened would get
// its number, and output for the user would go there. So this opens a placeholder, which is empty
// to a reader and cannot be written to. main calls this first.
void guard_standard_descriptors() noexcept;

}  // namespace rolecall
