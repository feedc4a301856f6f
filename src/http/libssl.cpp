#include "http/libssl.h"

namespace rolecall::http {

const Libssl& libssl() {
  static const Libssl loaded = [] {
    const SharedLibrary library("libssl.so.3", "libssl3");
    Libssl functions{};
    ROLECALL_LIBSSL_FUNCTIONS(ROLECALL_FIND)
    return functions;
  }();
  return loaded;
}

}  // namespace rolecall::http
