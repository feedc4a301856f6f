// libcurl, which is loaded when the first request is made. libcurl brings thirty libraries with it,
// and for some users most runs find their credentials in the cache. Only the client includes this
// header.
#pragma once

#include <curl/curl.h>

#include "base/library.h"

namespace rolecall::http {

#define ROLECALL_CURL_FUNCTIONS(USE) \
  USE(curl_, global_init)            \
  USE(curl_, easy_init)              \
  USE(curl_, easy_cleanup)           \
  USE(curl_, easy_setopt)            \
  USE(curl_, easy_getinfo)           \
  USE(curl_, easy_perform)           \
  USE(curl_, easy_strerror)          \
  USE(curl_, slist_append)           \
  USE(curl_, slist_free_all)         \
  USE(curl_, url)                    \
  USE(curl_, url_cleanup)            \
  USE(curl_, url_get)                \
  USE(curl_, url_set)                \
  USE(curl_, free)                   \
  USE(curl_, version)

struct Curl {
  ROLECALL_CURL_FUNCTIONS(ROLECALL_POINTER)
};

// Throws Error (failed) if libcurl cannot be loaded.
const Curl& libcurl();

}  // namespace rolecall::http
