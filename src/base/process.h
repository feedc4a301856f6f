// What this process allows others to see of it.
#pragma once

namespace rolecall {

// No core dump, and no other process of the same user may read this one's memory (ptrace,
// /proc/PID/mem). For every command that holds a secret, before it does. Best effort: a kernel
// that refuses changes nothing else.
void protect_memory() noexcept;

// A reader that has gone and a file that may not grow are errors to report, not a silent death; and
// the exit code of a command that we run can be learnt though whoever started us ignores SIGCHLD.
void take_signals() noexcept;

// Undoes take_signals and lifts the limit on core dumps again, for a program that takes our place
// or that we start: it gets what we got.
void give_back_signals_and_limits() noexcept;

// Ends the process without what exit(3) does: OpenSSL would be taken apart and thirty libraries be
// told, for a program whose output is written and whose secrets are wiped. But for builds with a
// sanitizer, which reports then.
[[noreturn]] void end_process(int code) noexcept;

// Where standard input, output or error is closed, the next file or socket to be opened would get
// its number, and what is written for the user would go there. Puts a placeholder in its place that
// can be read (at its end) and not be written to. First thing in main.
void guard_standard_descriptors() noexcept;

}  // namespace rolecall
