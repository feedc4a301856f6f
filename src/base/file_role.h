// What a file is that users name and that we write, for messages about it.
#pragma once

#include <string>

namespace rolecall {

struct FileRole {
  const char* what;      // "credentials file"
  const char* variable;  // the environment variable that names another one
};

// Throws Error for what the kernel answered with `error` (an errno): try_later for a full disk,
// usage for what may not be written, else failed.
[[noreturn]] void fail_on_file(const FileRole& role, int error, const std::string& what);

}  // namespace rolecall
