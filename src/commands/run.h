// The whole program but main.
#pragma once

namespace rolecall::cli {

// Chooses the command that argv[1] names and runs it; every error ends here. Returns the exit code:
// 0 done, else the value of the ErrorKind.
int run(int argc, char** argv);

}  // namespace rolecall::cli
