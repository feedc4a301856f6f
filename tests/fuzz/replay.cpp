// Runs targets without libFuzzer: their seeds, each seed cut short, and the files of the corpus.
//   rolecall_fuzz_replay [TARGET [FILE…]]    without a FILE: the seeds, and corpus/TARGET
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "target.h"

namespace fs = std::filesystem;
using rolecall::fuzz::Target;

namespace {

// So many beginnings of a seed: a file that ends too soon is the commonest damage.
constexpr std::size_t cuts = 64;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t run_seeds(const Target& target) {
  std::size_t runs = 0;
  for (const std::string& seed : target.seeds()) {
    const std::size_t step = std::max<std::size_t>(1, seed.size() / cuts);
    for (std::size_t size = 0; size < seed.size(); size += step, ++runs)
      target.run(std::string_view(seed).substr(0, size));
    target.run(seed);
    ++runs;
  }
  return runs;
}

std::size_t run_corpus(const Target& target) {
  std::size_t runs = 0;
  const fs::path directory = fs::path(ROLECALL_FUZZ_CORPUS) / target.name;
  if (!fs::is_directory(directory)) return 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    target.run(content(entry.path()));
    ++runs;
  }
  return runs;
}

void replay(const Target& target) {
  const std::size_t seeds = run_seeds(target);
  const std::size_t corpus = run_corpus(target);
  std::printf("%s: %zu inputs of seeds, %zu of the corpus\n", target.name, seeds, corpus);
  rolecall::fuzz::require(seeds > 0, "a target has seeds");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    const Target& target = rolecall::fuzz::find_target(argv[1]);
    for (int i = 2; i < argc; ++i)
      target.run(content(argv[i]));
  } else if (argc == 2) {
    replay(rolecall::fuzz::find_target(argv[1]));
  } else {
    for (const Target& target : rolecall::fuzz::targets())
      replay(target);
  }
}
