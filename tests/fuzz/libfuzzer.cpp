// libFuzzer's two functions. The variable ROLECALL_FUZZ_TARGET names the target.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "target.h"

using rolecall::fuzz::Target;

namespace {

const Target& target() {
  static const Target& chosen = [] -> const Target& {
    const char* name = std::getenv("ROLECALL_FUZZ_TARGET");
    return rolecall::fuzz::find_target(name == nullptr ? "" : name);
  }();
  return chosen;
}

}  // namespace

// With ROLECALL_FUZZ_SEEDS it writes the target's seeds into that directory and is done.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* directory = std::getenv("ROLECALL_FUZZ_SEEDS");
  if (directory == nullptr) return 0;
  int number = 0;
  for (const std::string& seed : target().seeds()) {
    const auto path = std::filesystem::path(directory) / ("seed-" + std::to_string(number++));
    std::ofstream(path, std::ios::binary) << seed;
  }
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  target().run({reinterpret_cast<const char*>(data), size});
  return 0;
}
