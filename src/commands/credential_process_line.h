// Builds the command for a profile's credential_process.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"

namespace rolecall::cli {

// A flag of a command line, and its value if it has one.
using FlagWords = std::vector<std::string>;

// The options of the command line except those in `left_out`, in the order of --help. Relative
// paths become absolute, because programs start credential_process in any directory. Throws Error
// (usage) for values that another run cannot use: passwords, which must not be in ~/.aws/config,
// and streams.
std::vector<FlagWords> given_flags(const Command& command, const CommandLine& line,
                                   Options left_out);

// The absolute path of the running program. If it was called by a link, the path of the link,
// because packages replace the file that the link names. Throws Error (failed).
std::string program_path();

// Returns "PROGRAM credential-process FLAGS". All these readers must get the same words from it: a
// POSIX shell (the SDKs for Go, JavaScript, Java, .NET, Rust and others), Python's shlex (AWS CLI,
// boto3) and readers of INI files. Words with characters other than letters, digits and @%_+=:,./-
// are in double quotes. Flags with such words come first, because the SDK for Go removes the quotes
// from a value that both begins and ends with them. Throws Error (usage) for words that cannot be
// quoted for all of these readers.
std::string credential_process_line(const std::string& program, std::vector<FlagWords> flags);

}  // namespace rolecall::cli
