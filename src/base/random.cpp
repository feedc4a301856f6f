#include "base/random.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <random>

namespace rolecall {

std::uint64_t random_number() {
  std::uint64_t number = 0;
  // Called by its number, because glibc has a function for it only since 2.25.
  if (syscall(SYS_getrandom, &number, sizeof number, 0) == sizeof number) return number;
  const auto time = std::chrono::steady_clock::now().time_since_epoch().count();
  return std::mt19937_64(static_cast<std::uint64_t>(time) ^ static_cast<std::uint64_t>(getpid()))();
}

double random_fraction() {
  constexpr int bits = 53;  // of a double's fraction
  return static_cast<double>(random_number() >> (64 - bits)) /
         static_cast<double>(std::uint64_t{1} << bits);
}

}  // namespace rolecall
