// Reading files and streams that users name.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "rolecall/reporter.h"
#include "rolecall/secret.h"
#include "rolecall/source.h"

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

// As read_file. A stream is read from its present position to its end (nullptr: 30 seconds); it may
// be anything that can be read, and it stays open. A pipe or socket through which nothing comes for
// a minute is an error. Until the first byte comes, the deadline stands still, because the writer
// may have to ask a person. Any other source is read as a path.
FileContent read_source(std::string_view what, const Source& source, Deadline* deadline = nullptr);

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
