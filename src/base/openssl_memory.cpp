#include "base/openssl_memory.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace rolecall {
namespace {

// Each block begins with a header of one unit, which also keeps the rest aligned.
constexpr std::size_t unit = 16;
constexpr std::size_t largest = 64;  // in units; longer blocks are malloc's
constexpr std::size_t portion = 64 * 1024;

struct Header {
  std::size_t units;  // 0: the block is malloc's
  std::size_t size;   // in bytes, as it was asked for
};
static_assert(sizeof(Header) == unit);

struct Free {
  Free* next;
};

// Each thread has its own lists, so no locks are needed. What one thread frees, it keeps.
thread_local std::array<Free*, largest + 1> lists;
thread_local char* rest = nullptr;
thread_local std::size_t rest_size = 0;

void* from_malloc(std::size_t size) {
  auto* header = static_cast<Header*>(std::malloc(unit + size));
  if (header == nullptr) return nullptr;
  *header = {0, size};
  return header + 1;
}

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  const std::size_t units = (size + unit - 1) / unit;
  if (units == 0) return nullptr;
  if (units > largest) return size > SIZE_MAX - unit ? nullptr : from_malloc(size);
  if (Free* block = lists[units]) {
    lists[units] = block->next;
    (reinterpret_cast<Header*>(block) - 1)->size = size;
    return block;
  }
  const std::size_t needed = (units + 1) * unit;
  if (rest_size < needed) {
    rest = static_cast<char*>(std::malloc(portion));
    rest_size = rest == nullptr ? 0 : portion;
    if (rest == nullptr) return nullptr;
  }
  auto* header = reinterpret_cast<Header*>(rest);
  rest += needed;
  rest_size -= needed;
  *header = {units, size};
  return header + 1;
}

void release(void* block, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (header->units == 0) return std::free(header);
  auto* free = static_cast<Free*>(block);
  free->next = lists[header->units];
  lists[header->units] = free;
}

void* resize(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return allocate(size, file, line);
  if (size == 0) {
    release(block, file, line);
    return nullptr;
  }
  Header* header = static_cast<Header*>(block) - 1;
  if (header->units * unit >= size) {
    header->size = size;
    return block;
  }
  void* longer = allocate(size, file, line);
  if (longer == nullptr) return nullptr;
  std::memcpy(longer, block, std::min(header->size, size));
  release(block, file, line);
  return longer;
}

}  // namespace

void use_lists_for_openssl_memory() {
  CRYPTO_set_mem_functions(allocate, resize, release);
}

}  // namespace rolecall
