// Credentials in the forms that shells and files read.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/credentials.h"

namespace rolecall::cli {

// `text` as one word of that shell, whatever it holds but NUL.
Secret posix_word(std::string_view text);
Secret fish_word(std::string_view text);
Secret powershell_word(std::string_view text);

// `format` is one of env, fish, powershell, json, ini, dotenv. `profile` is for ini. Ends with a
// line feed.
Secret export_text(const Credentials& credentials, const std::string& format,
                   const std::string& profile);

}  // namespace rolecall::cli
