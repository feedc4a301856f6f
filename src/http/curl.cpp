#include "http/curl.h"

namespace rolecall::http {

const Curl& libcurl() {
  static const Curl table =
      ROLECALL_INCLUDED(Curl, ROLECALL_CURL_FUNCTIONS, "libcurl.so.4", "libcurl4");
  return table;
}

}  // namespace rolecall::http
