// Everything that a person reads on stderr is printed here.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/error.h"
#include "rolecall/reporter.h"

namespace rolecall::cli {

// Texts name an option as `role-arn` (rolecall/error.h). with_flags turns this into --role-arn, if
// `is_option` says that it is an option, because file names may contain backquotes too. The
// functions below that print call with_flags themselves.
void spell_as_flags(bool (*is_option)(std::string_view name));
std::string with_flags(std::string text);

// Prints "rolecall: error: <what>". If a value came from a file or a variable, says from where
// (terminal/origins.h). If there is a hint, adds "hint: <what to do>". Warnings also say where
// values came from.
void print_error(const Error& error);

// Prints the text each time, even if it was printed before. Until release_warnings is called, keeps
// it.
void print_warning(std::string_view text);

// Reports a success, for people who read the log of a service.
void print_note(std::string_view text);

// Prints to standard output without a change, for programs. On a terminal, adds a missing line end,
// so that the prompt does not follow on the same line.
void print_result(const std::string& text);

// Called once it is known whether warnings are wanted. Prints the warnings that were kept, and
// from then on each warning at once; if `quiet`, prints none. print_error calls it too.
void release_warnings(bool quiet);

// Writes to the log of a server, from any thread. If the line would have to wait, it is dropped and
// the result is false, because a server must answer even if nobody reads its log.
bool write_log(const std::string& line);

// Prints warnings, but each text only once, because a run may last for months. If `debug` is set,
// prints steps with the milliseconds since the program's start. If it is not set and stderr is a
// terminal, a line says what this thread waits for if that takes more than a second; the line is
// removed again.
Reporter stderr_reporter(bool debug);

}  // namespace rolecall::cli
