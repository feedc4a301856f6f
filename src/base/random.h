// Random numbers that are no secret, without OpenSSL: most runs that need one do not need
// libcrypto.
#pragma once

#include <cstdint>

namespace rolecall {

// For names of files and for waits. On kernels before 3.17, the number comes from the clock and the
// process, so two processes can get the same one. Never throws.
std::uint64_t random_number();

// At least 0 and less than 1.
double random_fraction();

}  // namespace rolecall
