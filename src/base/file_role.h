// Describes a file that a user can name and that rolecall writes, for messages about it.
#pragma once

#include <string>

namespace rolecall {

struct FileRole {
  const char* what;      // "credentials file"
  const char* variable;  // the environment variable that can name another file
};

// Throws the Error for an errno that the kernel returned: try_later if the disk or the quota is
// full, usage if the path is wrong or may not be written to, otherwise failed. `what` says what
// failed, such as "cannot open credentials file PATH".
[[noreturn]] void fail_on_file(const FileRole& role, int error, const std::string& what);

}  // namespace rolecall
