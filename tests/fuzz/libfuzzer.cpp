// libFuzzer's two functions. The variable ROLECALL_FUZZ_TARGET names the target; if it is empty,
// the program lists the targets.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "target.h"

using rolecall::fuzz::Target;

namespace {

std::string_view name_of_target() {
  const char* name = std::getenv("ROLECALL_FUZZ_TARGET");
  return name == nullptr ? "" : name;
}

const Target& target() {
  static const Target& chosen = rolecall::fuzz::find_target(name_of_target());
  return chosen;
}

}  // namespace

// With ROLECALL_FUZZ_SEEDS it writes the target's seeds into that directory and is done. To end the
// program later than here is a finding for libFuzzer.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  if (name_of_target().empty()) {
    for (const Target& each : rolecall::fuzz::targets())
      std::puts(each.name);
    std::exit(0);
  }
  target();
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
