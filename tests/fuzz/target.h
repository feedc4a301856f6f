// A target of fuzzing: one parser, the inputs to begin with, and what must hold for every input.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/error.h"

namespace rolecall::fuzz {

struct Target {
  const char* name;
  std::vector<std::string> (*seeds)();  // made anew each time: the repository keeps no private key
  void (*run)(std::string_view input);
};

const std::vector<Target>& targets();
const Target& find_target(std::string_view name);  // ends the program if there is none

// An object of this type in a target's file is all that makes it known.
struct Registration {
  explicit Registration(const Target& target);
};

// Ends the program if what must hold does not.
void require(bool holds, const char* what);

// Whether `parse` refuses its input. An Error is the only way to do so, and it says something.
template <class Parse>
bool refuses(Parse&& parse) {
  try {
    parse();
    return false;
  } catch (const Error& error) {
    require(*error.what() != '\0', "an error has a message");
    return true;
  }
}

// A directory of its own (0700) in the system's temporary one, removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  // Writes a file (0600) and returns its path.
  std::string write(std::string_view name, std::string_view bytes) const;

 private:
  std::string directory_;
};

}  // namespace rolecall::fuzz
