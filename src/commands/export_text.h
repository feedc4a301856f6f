// Credentials in the forms that shells and files read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/child_environment.h"
#include "rolecall/credentials.h"

namespace rolecall::cli {

// `text` as one word of that shell, whatever it holds but NUL.
Secret posix_word(std::string_view text);
Secret fish_word(std::string_view text);
Secret powershell_word(std::string_view text);

// What a shell is to have or to lose besides the credentials.
struct ShellChanges {
  std::vector<Variable> set;
  std::vector<std::string> unset;  // names
};

// `format` is one of env, fish, powershell, json, ini, dotenv. `profile` is for ini; `changes` are
// for the shells, and what they set for dotenv too. Ends with a line feed.
Secret export_text(const Credentials& credentials, const ShellChanges& changes,
                   const std::string& format, const std::string& profile);

}  // namespace rolecall::cli
