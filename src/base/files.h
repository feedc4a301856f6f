// Reading files and streams that users name.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "rolecall/reporter.h"
#include "rolecall/secret.h"

namespace rolecall {

struct FileContent {
  Secret bytes;  // a key file's content is a secret, and no other is hurt by being treated as one
  // Of the descriptor that was read, so that no swap of the path can lie.
  mode_t mode = 0;
  uid_t owner = 0;
};

// Reads the whole of `path`, a regular file or a pipe (`<(…)` of a shell) of at most 1 MiB, once.
// A pipe through which nothing comes for 5 seconds is an error. `what` names it in messages
// ("certificate file"). Throws Error (usage) that tells apart: not there, no permission, a
// directory or device, too large, empty (where that is not allowed); and Error (try_later) if
// `deadline` (nullptr: 5 seconds) passes before its end comes.
enum class Empty { refused, allowed };
FileContent read_file(std::string_view what, const std::string& path, Empty empty = Empty::refused,
                      Deadline* deadline = nullptr);

// Throws Error (usage) if `path` is there and is a pipe, a socket or a device: for files that are
// read more than once, or by a library that would wait for ever.
void refuse_pipe(std::string_view what, const std::string& path);

// As read_file, but "-" is standard input and "fd:N" the open descriptor N, from where it stands to
// its end (nullptr: 30 seconds); these may be anything that can be read, and stay open. A pipe or
// socket through which nothing comes for a minute is an error; until the first byte comes the
// deadline stands still, as its writer may have to ask a person. ("./-" is a file of that name.)
FileContent read_input(std::string_view what, const std::string& source,
                       Deadline* deadline = nullptr);

// How messages name such a source: "certificate file leaf.pem", "certificate file - (standard
// input)".
std::string input_name(std::string_view what, const std::string& source);

// Whether read_input takes `source` for a descriptor: "-" or "fd:…".
bool is_stream(std::string_view source);

// The descriptor that read_input takes `source` for; -1 where it is a path. Throws Error (usage)
// for an "fd:" without a number.
int input_descriptor(const std::string& source);

// "0644": the bits of permission, as chmod takes them.
std::string mode_text(mode_t mode);

// Warns if every user of the machine can read or write a regular file that holds a secret, or if it
// belongs to somebody else. `name` is the file's in the message.
void warn_of_others(const std::string& name, const FileContent& file, const Reporter& reporter);

// Warns if a regular file belongs to neither root nor this user: its owner chooses what is in it.
void warn_of_owner(const std::string& name, const FileContent& file, const Reporter& reporter);

// What the file system says of a file without opening it (device, inode, size, times of writing and
// of change): equal where it was neither replaced nor written to. The change time is in it as a
// file may be copied with its other times. Empty where it cannot be looked at, and errno says why.
std::string file_stamp(const std::string& path);

// Writes all of `bytes` to a descriptor; throws Error (failed).
void write_all(int descriptor, std::string_view bytes, std::string_view what);

}  // namespace rolecall
