// All that a person reads on stderr goes through here.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/error.h"
#include "rolecall/reporter.h"

namespace rolecall::cli {

// Options stand in texts as `role-arn` (rolecall/error.h). with_flags makes --role-arn of it, if
// `is_option` says that it is one: file names may have backquotes too. Everything below that prints
// does so itself.
void spell_as_flags(bool (*is_option)(std::string_view name));
std::string with_flags(std::string text);

// "rolecall: error: <what>", with the places of the values that it is about (terminal/origins.h),
// and where there is one "hint: <what to do>". Warnings have these places as well.
void print_error(const Error& error);

// Each time, whatever was said before; held back until release_warnings.
void print_warning(std::string_view text);

// What went well, for who reads the log of a service.
void print_note(std::string_view text);

// To standard output as it is, for programs; on a terminal the line is ended, so that the prompt
// does not follow it.
void print_result(const std::string& text);

// Once it is known whether there are to be any: prints the warnings that were held back and each
// later one at once, or, if `quiet`, none. An error releases them too.
void release_warnings(bool quiet);

// For logs of servers, from any thread. A log that nobody reads is no reason to answer nobody: a
// line that would wait is dropped. False: it was.
bool write_log(const std::string& line);

// Warnings always, but each text once, as a run may last for months; steps with the milliseconds
// since the program's start where `debug` is set. Where it is not, and stderr is a terminal, a line
// says what this thread waits for if that takes more than a second; it is removed again.
Reporter stderr_reporter(bool debug);

}  // namespace rolecall::cli
