// Replaces microhttpd.cpp in the static build.
#include "http/microhttpd.h"

namespace rolecall::http {

const Microhttpd& microhttpd() {
  static constexpr Microhttpd linked = {ROLECALL_MICROHTTPD_FUNCTIONS(ROLECALL_LINKED)};
  return linked;
}

}  // namespace rolecall::http
