// libcurl, loaded when the first request is made: it brings thirty libraries with it, and most runs
// of some users find their credentials in the cache. Only the client includes this.
#pragma once

#include <curl/curl.h>

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
  decltype(&curl_version) version;
};

// Throws Error (failed) where there is none.
const Curl& libcurl();

}  // namespace rolecall::http
