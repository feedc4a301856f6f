// Bytes that must be erased after use: private keys, passwords, secret keys, session tokens.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace rolecall {

// Overwrites `size` bytes. The compiler cannot optimize this away.
void wipe(void* data, std::size_t size) noexcept;

// Wipes memory before it is freed, also when a container grows and moves its contents.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() noexcept = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>& /*other*/) noexcept {}  // NOLINT: containers convert

  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* p, std::size_t n) noexcept {
    wipe(p, n * sizeof(T));
    std::allocator<T>().deallocate(p, n);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) noexcept { return true; }
};

// A move-only string of bytes. It stores a std::vector, because a std::string keeps short values
// inside the object, where no allocator wipes them. There is no operator<<, because printing a
// secret is always a mistake.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}

  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() = default;

  // Makes a copy. There is no copy constructor, so that nobody copies a secret by accident.
  Secret copy() const { return Secret(view()); }

  std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }
  char* data() noexcept { return bytes_.data(); }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }

  void append(std::string_view more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }
  void resize(std::size_t size) { bytes_.resize(size); }

  // Takes a time that depends only on the two lengths, not on the bytes.
  bool equals(std::string_view other) const noexcept;

 private:
  std::vector<char, WipingAllocator<char>> bytes_;
};

}  // namespace rolecall
