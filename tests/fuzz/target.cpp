#include "target.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace rolecall::fuzz {
namespace {

std::vector<Target>& registered() {
  static std::vector<Target> all;
  return all;
}

}  // namespace

const std::vector<Target>& targets() {
  return registered();
}

const Target& find_target(std::string_view name) {
  for (const Target& target : targets()) {
    if (target.name == name) return target;
  }
  std::fprintf(stderr, "no target is called \"%s\"; these are there:\n", std::string(name).c_str());
  for (const Target& target : targets())
    std::fprintf(stderr, "  %s\n", target.name);
  std::exit(2);
}

Registration::Registration(const Target& target) {
  registered().push_back(target);
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

ScratchDirectory::ScratchDirectory()
    : directory_(std::filesystem::temp_directory_path() / "rolecall-fuzz-XXXXXX") {
  require(mkdtemp(directory_.data()) != nullptr, "a temporary directory can be made");
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

std::string ScratchDirectory::write(std::string_view name, std::string_view bytes) const {
  const std::string file = path(name);
  const Descriptor out(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  require(out.is_open(), "a temporary file can be written");
  write_all(out.fd(), bytes, file);
  return file;
}

}  // namespace rolecall::fuzz
