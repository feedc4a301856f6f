// Starts another program as a child of this process.
#pragma once

#include <sys/types.h>

#include <functional>

namespace rolecall {

struct Spawned {
  pid_t pid;
  // 0: the program runs. Otherwise the errno that says why it could not be run; the child is then
  // gone.
  int error;
};

// Starts argv[0], which is found by PATH. `argv` and `environment` (nullptr: the environment of
// this process) end with a null pointer. `prepare` runs in the child before the program, and may do
// only what is safe after a fork of a process with threads. Throws Error (try_later) if the system
// cannot start another process.
Spawned spawn(char* const* argv, char* const* environment, const std::function<void()>& prepare);

}  // namespace rolecall
