// A pipe that no program which is run inherits.
#pragma once

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/descriptor.h"
#include "rolecall/error.h"

namespace rolecall {

struct Pipe {
  Descriptor to_read;
  Descriptor to_write;

  // Throws Error (try_later).
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Error(ErrorKind::try_later, std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    to_read = Descriptor(ends[0]);
    to_write = Descriptor(ends[1]);
  }
};

}  // namespace rolecall
