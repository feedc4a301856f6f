// Reading files that users name.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "rolecall/secret.h"

namespace rolecall {

struct FileContent {
  Secret bytes;  // a key file's content is a secret, and no other is hurt by being treated as one
  mode_t mode = 0;  // of the descriptor that was read, so that no swap of the path can lie
};

// Reads the whole of `path`, a regular file or a pipe (`<(…)` of a shell) of at most 1 MiB, once.
// A pipe through which nothing comes for 5 seconds is an error. `what` names it in messages
// ("certificate file"). Throws Error (usage) that tells apart: not there, no permission, a
// directory or device, too large, empty.
FileContent read_file(std::string_view what, const std::string& path);

// Writes all of `bytes` to a descriptor; throws Error (failed).
void write_all(int descriptor, std::string_view bytes, std::string_view what);

}  // namespace rolecall
