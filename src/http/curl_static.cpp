// Replaces curl.cpp in the static build.
#include <sys/random.h>

#include <cstdlib>

#include "http/curl.h"

namespace rolecall::http {

const Curl& libcurl() {
  static const Curl linked = [] {
    // If there is no /dev/urandom, as in a bare chroot, c-ares 1.18 numbers its queries with rand.
    // So rand needs a random seed.
    unsigned seed = 0;
    if (getrandom(&seed, sizeof seed, 0) == sizeof seed) std::srand(seed);
    return Curl{ROLECALL_CURL_FUNCTIONS(ROLECALL_LINKED)};
  }();
  return linked;
}

}  // namespace rolecall::http
