// What exec with --refresh and exec without it share. Without it, rolecall becomes the command.
#pragma once

#include <string>
#include <vector>

#include "options/settings.h"
#include "rolecall/secret.h"

namespace rolecall::cli {

// Exit codes of exec's own failures, the same as of env(1) and timeout(1).
inline constexpr int no_credentials = 125;
inline constexpr int cannot_run = 126;
inline constexpr int not_found = 127;

// A command and its environment, in the form that execve(2) needs.
class Program {
 public:
  // Each entry of `environment` is "NAME=value" and a NUL character.
  Program(std::vector<std::string> command, Secret environment);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  char* const* words() const { return words_.data(); }
  char* const* environment() const { return variables_.data(); }

  // Prints the error that the command could not be run because of `error`, an errno. Returns the
  // exit code.
  int report(int error) const;

 private:
  std::vector<std::string> command_;
  Secret block_;
  std::vector<char*> words_;
  std::vector<char*> variables_;
};

// Runs the command beside a container credentials endpoint that renews the credentials. The
// endpoint has a free loopback port and a token of its own, and runs as long as the command.
// Signals to this process are passed on to the command. Returns the command's exit code, or 128 + n
// if signal n ended the command. Throws Error if there are no credentials. The command has not been
// started then.
int run_with_endpoint(const Settings& settings, std::vector<std::string> command);

}  // namespace rolecall::cli
