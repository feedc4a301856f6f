// Hides secrets from the programs that rolecall starts, and from the command that replaces rolecall
// (exec). Everything is hidden as soon as the command line has been read, because keys, files and
// the cache decide whether a secret is ever used.
#pragma once

#include <string>
#include <vector>

#include "options/command.h"
#include "options/config_file.h"

namespace rolecall::cli {

// Removes these variables from the environment (take_secret_variable still returns their values):
// ROLECALL_PIN, those of options of Kind::secret of any of `commands`, ROLECALL_… variables with a
// PKCS#11 URI that contains a PIN, and the variable that env:NAME names. Descriptors that fd:N or
// "-" name are closed in programs that we start. The values come from the command line, the
// environment and the tables that are read, even if another value takes precedence.
void hide_secrets(const Command& command, Commands commands, const CommandLine& line,
                  const ConfigFile& file, const std::vector<std::string>& bindings);

// Call this before execve(2): it replaces hidden standard streams by /dev/null. A program could
// otherwise seek in such a stream and read a file with secrets again.
void hide_standard_streams() noexcept;

}  // namespace rolecall::cli
