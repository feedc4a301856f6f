// A FILE of the C library that closes itself.
#pragma once

#include <cstdio>
#include <memory>

namespace rolecall {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace rolecall
