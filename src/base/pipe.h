// A pipe that the programs which this process starts do not inherit.
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
  Descriptor read_end;
  Descriptor write_end;

  // Throws Error (try_later) if the system has no free pipe or descriptor.
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Error(ErrorKind::try_later, std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
};

}  // namespace rolecall
