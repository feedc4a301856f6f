#include "http/libssl.h"

namespace rolecall::http {

const Libssl& libssl() {
  static const Libssl table =
      ROLECALL_INCLUDED(Libssl, ROLECALL_LIBSSL_FUNCTIONS, "libssl.so.3", "libssl3");
  return table;
}

}  // namespace rolecall::http
