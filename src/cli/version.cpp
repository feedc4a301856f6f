#include <unistd.h>

#include "base/files.h"
#include "cli/command.h"

namespace rolecall::cli {

void version(CLI::App& app, std::vector<std::string> arguments) {
  parse(app, "", std::move(arguments));
  write_all(STDOUT_FILENO, ROLECALL_VERSION "\n", "standard output");
}

}  // namespace rolecall::cli
