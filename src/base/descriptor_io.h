// Reads and writes through open descriptors.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "rolecall/secret.h"

namespace rolecall {

// The next three functions return 0, or an errno if they fail.
//
// Reads from the current position of `descriptor` to its end. More than `most` bytes are EFBIG.
// Before each read, calls `before_read` with the number of bytes that were read so far; it may wait
// for more bytes, or throw.
[[nodiscard]] int read_to_end(int descriptor, std::size_t most, Secret& bytes,
                              const std::function<void(std::size_t)>& before_read = {});
// Reads a whole regular file. The current position of `descriptor` does not matter.
[[nodiscard]] int read_whole(int descriptor, std::size_t most, Secret& bytes);
// Writes all of `bytes`. Waits for as long as there is no room for them.
[[nodiscard]] int write_bytes(int descriptor, std::string_view bytes);

// Opens a directory once more, so that it can be read. `directory` is open for the same directory,
// with or without O_PATH. If the result is not open, errno says why.
Descriptor reopen_directory(int directory);

// The names of all entries of a directory, also "." and ".."; empty if it cannot be read.
std::vector<std::string> names_in(int directory);

}  // namespace rolecall
