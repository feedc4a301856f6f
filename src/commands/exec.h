// What both ways of exec have in common: that which becomes the command, and --refresh.
#pragma once

#include <string>
#include <vector>

#include "rolecall/secret.h"
#include "serve/binding.h"

namespace rolecall::cli {

// Exit codes of exec's own failures, as those of env(1) and timeout(1).
inline constexpr int no_credentials = 125;
inline constexpr int cannot_run = 126;
inline constexpr int not_found = 127;

// A command with its environment, as execve(2) takes them.
class Program {
 public:
  // `environment`: each "NAME=value" with a NUL behind it.
  Program(std::vector<std::string> command, Secret environment);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  char* const* words() const { return words_.data(); }
  char* const* environment() const { return variables_.data(); }

  // Says that it could not be run, for that errno; returns the exit code.
  int report(int error) const;

 private:
  std::vector<std::string> command_;
  Secret block_;
  std::vector<char*> words_;
  std::vector<char*> variables_;
};

// Runs the command beside a container credentials endpoint that keeps its credentials fresh: on a
// free loopback port, with a token of its own, as long as the command lives. Signals that are sent
// to this process go on to the command. Returns the command's exit code, 128 + n where signal n
// ended it. Throws Error where there are no credentials, before anything is run.
int run_with_endpoint(serve::BindingOptions binding, std::vector<std::string> command, bool debug,
                      bool quiet);

}  // namespace rolecall::cli
