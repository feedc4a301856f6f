#include "http/microhttpd.h"

namespace rolecall::http {

const Microhttpd& microhttpd() {
  static const Microhttpd loaded = [] {
    const SharedLibrary library("libmicrohttpd.so.12", "libmicrohttpd12");
    Microhttpd functions{};
    ROLECALL_MICROHTTPD_FUNCTIONS(ROLECALL_FIND)
    return functions;
  }();
  return loaded;
}

}  // namespace rolecall::http
