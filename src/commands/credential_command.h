// The command that a profile's credential_process is to be.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"

namespace rolecall::cli {

// A flag of a command line with its value, if it takes one.
using FlagWords = std::vector<std::string>;

// What the command line gave, except the options in `left_out`, in the order of --help. Relative
// paths of files become absolute, since programs start credential_process in any directory. Throws
// Error (usage) for what another run could not have: passwords, which are not to stand in that
// file, and streams.
std::vector<FlagWords> given_flags(const Command& command, const CommandLine& line,
                                   Options left_out);

// The running program's absolute path: that of the link it was called by where there is one, as
// packages replace the file behind it. Throws Error (failed).
std::string program_path();

// "PROGRAM credential-process FLAGS" such that a POSIX shell (the SDKs for Go, JavaScript, Java,
// .NET, Rust, …), Python's shlex (AWS CLI, boto3) and readers of INI files all get these words from
// it. Words with other than letters, digits and @%_+=:,./- stand in double quotes, and flags with
// such words come first: the SDK for Go takes quotes off a value that both begins and ends with
// them. Throws Error (usage) for words that cannot be quoted for all of them.
std::string credential_process_line(const std::string& program, std::vector<FlagWords> flags);

}  // namespace rolecall::cli
