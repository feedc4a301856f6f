// Runs another program without a shell, and reads its output.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall {

// Splits a command line into words as a POSIX shell does, but expands nothing:
// - Spaces, tabs and line feeds separate words. '…' quotes everything inside. Inside "…", a
//   backslash quotes the characters " \ $ ` and means itself before others. Outside quotes, a
//   backslash quotes any character.
// - Characters that a shell would act on are refused, instead of passed on as text. These are
//   | & ; < > ( ) $ ` outside quotes, $ and ` inside "…", and ~ at the start of a word.
//   The characters * ? [ # = are plain text.
// Throws Error (usage) for a refused character, for a quote that is not closed, and if there is no
// word.
std::vector<std::string> split_command(std::string_view text);

// Runs `argv`, whose program is found by PATH. Reads the program's standard output to the end and
// waits until the program exits. The program's standard input is empty, and its standard error is
// ours. From Linux 5.11 on, the program inherits no other descriptor. If this process ends, the
// program gets SIGTERM. The program is killed after `limit`, or if it prints more than 64 KiB.
//
// Throws Error (usage) if the program cannot be started. Throws Error (failed) if the program's
// exit code is not 0, if it takes too long or if it prints too much. Messages name only argv[0],
// because the other words may be secret.
Secret command_output(const std::vector<std::string>& argv, std::chrono::milliseconds limit);

// Runs argv[0], which is found by PATH, and waits until it exits. `argv` and `environment` end with
// a null pointer. The program's standard input is empty; its standard output and its standard error
// are our standard error. What command_output says about descriptors, the end of this process,
// errors and messages is true here too. The program is in a process group of its own: after
// `limit`, everything in this group is killed.
void run_command(char* const* argv, char* const* environment, std::chrono::milliseconds limit);

}  // namespace rolecall
