// Another program as a child of this process.
#pragma once

#include <sys/types.h>

#include <functional>

namespace rolecall {

struct Spawned {
  pid_t pid;
  int error;  // why the program could not be run (errno), and then nothing of it is left; 0: it is
};

// `argv` and `environment` (nullptr: ours) end with a null pointer; the program is found by PATH.
// `prepare` runs in the child first, and may do nothing but what is safe after a fork of a process
// with threads. Throws Error (try_later) where there is no process to be had.
Spawned spawn(char* const* argv, char* const* environment, const std::function<void()>& prepare);

}  // namespace rolecall
