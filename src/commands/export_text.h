// Credentials in the forms that shells and files read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/child_environment.h"
#include "rolecall/credentials.h"

namespace rolecall::cli {

// `text` as one word of the shell. It may contain any character except NUL.
Secret posix_word(std::string_view text);
Secret fish_word(std::string_view text);
Secret powershell_word(std::string_view text);

// Variables that a shell must set or unset besides the credentials.
struct ShellChanges {
  std::vector<Variable> set;
  std::vector<std::string> unset;  // names
};

// The credentials as text that ends with a line feed. `format` is env, fish, powershell, json, ini
// or dotenv. `profile` is only for ini. `changes` are for the shells. dotenv uses only the
// variables that `changes` sets.
Secret export_text(const Credentials& credentials, const ShellChanges& changes,
                   const std::string& format, const std::string& profile);

}  // namespace rolecall::cli
