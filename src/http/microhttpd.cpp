#include "http/microhttpd.h"

namespace rolecall::http {

const Microhttpd& microhttpd() {
  static const Microhttpd table = ROLECALL_INCLUDED(Microhttpd, ROLECALL_MICROHTTPD_FUNCTIONS,
                                                    "libmicrohttpd.so.12", "libmicrohttpd12");
  return table;
}

}  // namespace rolecall::http
