#include "http/curl.h"

#include "base/library.h"

namespace rolecall::http {

const Curl& libcurl() {
  static const Curl loaded = [] {
    const SharedLibrary library("libcurl.so.4", "libcurl4");
    Curl curl{};
    library.find(curl.global_init, "curl_global_init");
    library.find(curl.easy_init, "curl_easy_init");
    library.find(curl.easy_cleanup, "curl_easy_cleanup");
    library.find(curl.easy_setopt, "curl_easy_setopt");
    library.find(curl.easy_getinfo, "curl_easy_getinfo");
    library.find(curl.easy_perform, "curl_easy_perform");
    library.find(curl.easy_strerror, "curl_easy_strerror");
    library.find(curl.slist_append, "curl_slist_append");
    library.find(curl.slist_free_all, "curl_slist_free_all");
    library.find(curl.url, "curl_url");
    library.find(curl.url_cleanup, "curl_url_cleanup");
    library.find(curl.url_get, "curl_url_get");
    library.find(curl.url_set, "curl_url_set");
    library.find(curl.free, "curl_free");
    library.find(curl.version, "curl_version");
    return curl;
  }();
  return loaded;
}

}  // namespace rolecall::http
