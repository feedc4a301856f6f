// The processes of rolecall that run for a long time, for rolecall doctor.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options/settings.h"

namespace rolecall::cli {

struct RunningCommand {
  std::string name;  // "serve" or "update"
  std::string process;
  uid_t user = 0;
  CommandLine line;  // empty if it cannot be read

  std::string text() const;  // "serve (process 12)"
  // A variable of the process's environment. Empty also if this user may not read it: rolecall
  // protects its memory, so only root can.
  std::string variable(std::string_view name) const;
  // The file that the process reads its settings from, as far as that can be seen. Otherwise,
  // `ours`.
  std::shared_ptr<const ConfigFile> file(const std::shared_ptr<const ConfigFile>& ours) const;
};

std::vector<RunningCommand> running_commands();

}  // namespace rolecall::cli
