// The whole program except main.
#pragma once

namespace rolecall::cli {

// Runs the command that argv[1] names. All exceptions are caught here. Returns the exit code: 0 if
// the command succeeded, otherwise the value of the ErrorKind, or of Command::failure if that is
// set.
int run(int argc, char** argv);

}  // namespace rolecall::cli
