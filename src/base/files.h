// Reads files and streams that users name.
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
  // Always a Secret: the file may be a private key, and for other files it does no harm.
  Secret bytes;
  // Of the descriptor that was read, not of the path: the path may lead to another file by now.
  mode_t mode = 0;
  uid_t owner = 0;
  std::string path = {};  // as the user gave it; empty for a descriptor
};

// Reads a regular file, or a pipe (`<(…)` of a shell), of at most 1 MiB, once and to its end.
// `what` says in messages what the file is ("certificate file"). `deadline` limits the time for a
// pipe; nullptr: 5 seconds.
//
// Throws Error (usage), each with its own message, if the file cannot be found, may not be read, is
// a directory or a device, is too large, or is empty and `empty` does not allow that; also if
// nothing comes through a pipe for 5 seconds. Throws Error (try_later) if the deadline passes
// before the end of the pipe.
enum class Empty { refused, allowed };
FileContent read_file(std::string_view what, const std::string& path, Empty empty = Empty::refused,
                      Deadline* deadline = nullptr);

// Throws Error (usage) if `path` exists and is a pipe, a socket or a device. For files that are
// read more than once, or by a library that would wait for a pipe for ever.
void refuse_pipe(std::string_view what, const std::string& path);

// As read_file, except for streams. A stream may be anything that can be read. The stream is read
// from its current position to its end (without a deadline: for at most 30 seconds), and stays
// open. Throws Error (usage) if nothing comes through a pipe or socket for a minute. The deadline
// is paused until the first byte comes, because the program that writes may have to ask a person.
// Any other source is read as a path.
FileContent read_source(std::string_view what, const Source& source, Deadline* deadline = nullptr);

// Warns if a regular file that contains a secret can be read or written by every user of the
// machine, or if it belongs neither to root nor to this user. `name` names the file in messages.
void warn_about_open_mode(const std::string& name, const FileContent& file,
                          const Reporter& reporter);

// Warns if a regular file belongs neither to root nor to this user, because its owner can change
// its content.
void warn_about_owner(const std::string& name, const FileContent& file, const Reporter& reporter);

// What the file system says about a file without opening it: device, inode, size, modification time
// and change time. Two stamps are equal if the file was neither replaced nor written to in between.
// The change time is included because a copy can keep the other times. Empty if the file system
// says nothing; errno then says why.
std::string file_stamp(const std::string& path);

// Writes all of `bytes` to a descriptor, which messages call `what`. Throws Error (failed).
void write_all(int descriptor, std::string_view bytes, std::string_view what);

}  // namespace rolecall
