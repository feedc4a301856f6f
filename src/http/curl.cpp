#include "http/curl.h"

namespace rolecall::http {

const Curl& libcurl() {
  static const Curl loaded = [] {
    const SharedLibrary library("libcurl.so.4", "libcurl4");
    Curl functions{};
    ROLECALL_CURL_FUNCTIONS(ROLECALL_FIND)
    return functions;
  }();
  return loaded;
}

}  // namespace rolecall::http
