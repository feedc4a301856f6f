// libcurl, loaded when the first request is made: it brings thirty libraries with it, and most runs
// of some users find their credentials in the cache. Only the client includes this.
#pragma once

#include <curl/curl.h>

#include "base/library.h"

namespace rolecall::http {

struct Curl {
  decltype(&curl_global_init) global_init;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_perform) easy_perform;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_url) url;
  decltype(&curl_url_cleanup) url_cleanup;
  decltype(&curl_url_get) url_get;
  decltype(&curl_url_set) url_set;
  decltype(&curl_free) free;
};

// Throws Error (failed) where there is none.
inline const Curl& libcurl() {
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
    return curl;
  }();
  return loaded;
}

}  // namespace rolecall::http
