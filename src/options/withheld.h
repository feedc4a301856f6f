// What carries a secret must not reach a program that we start or become. It is withheld when the
// command line has been read: whether it is ever used depends on keys, files and the cache.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"
#include "options/config_file.h"

namespace rolecall::cli {

// Takes these variables out of the environment (take_secret_variable still has them): ROLECALL_PIN,
// ROLECALL_PKCS8_PASSWORD and the like, those of ours with a PKCS#11 URI that holds a PIN, and what
// an env:NAME names. Descriptors that fd:N or - names are closed in programs that we start. The
// sources are those of the command line, the environment and the tables that are read, whichever of
// them counts.
void withhold_secrets(const Command& command, const CommandLine& line, const ConfigFile& file,
                      const std::vector<std::string>& bindings);

// Before execve(2): standard streams that are withheld are /dev/null from now on. What was read
// from a file could be read again.
void withhold_standard_streams() noexcept;

}  // namespace rolecall::cli
