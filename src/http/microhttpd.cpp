#include "http/microhttpd.h"

namespace rolecall::http {

const Microhttpd& microhttpd() {
  static const Microhttpd functions = ROLECALL_INCLUDED(Microhttpd, ROLECALL_MICROHTTPD_FUNCTIONS,
                                                        "libmicrohttpd.so.12", "libmicrohttpd12");
  return functions;
}

}  // namespace rolecall::http
