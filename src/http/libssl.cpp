#include "http/libssl.h"

namespace rolecall::http {

const Libssl& libssl() {
  static const Libssl functions =
      ROLECALL_INCLUDED(Libssl, ROLECALL_LIBSSL_FUNCTIONS, "libssl.so.3", "libssl3");
  return functions;
}

}  // namespace rolecall::http
