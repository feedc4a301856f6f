// Reading and writing through open descriptors.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "rolecall/secret.h"

namespace rolecall {

// These return 0 or an errno.
//
// Takes all bytes from where `descriptor` stands to its end; EFBIG for more than `most`.
// `before_read` is told before each read how many there are already, and may wait for more or
// throw.
[[nodiscard]] int read_to_end(int descriptor, std::size_t most, Secret& bytes,
                              const std::function<void(std::size_t)>& before_read = {});
// Takes the whole of a regular file, wherever `descriptor` stands.
[[nodiscard]] int read_whole(int descriptor, std::size_t most, Secret& bytes);
// Writes all of `bytes`.
[[nodiscard]] int write_bytes(int descriptor, std::string_view bytes);

// Opens the directory of `directory` (which may be open with O_PATH) once more, to be read. If the
// result is not open, errno says why.
Descriptor reopen_directory(int directory);

// The names of all that is in a directory, with "." and ".."; none if it cannot be read.
std::vector<std::string> names_in(int directory);

}  // namespace rolecall
