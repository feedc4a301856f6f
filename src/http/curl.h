// libcurl, which is loaded when the first request is made. libcurl brings thirty libraries with it,
// and for some users most runs find their credentials in the cache. Only the clients include
// this header.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

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

// Whether libcurl overwrites its memory before it frees it. Private keys arrive in its buffers, so
// a caller that receives them needs `wiped`. For others, `plain` takes fewer instructions.
enum class CurlMemory { plain, wiped };

// Call this before each first request. The first call in the process decides about the memory.
// Throws Error (failed).
void initialize_libcurl(CurlMemory memory);

// Only for streams, so that other runs look up fewer functions.
#define ROLECALL_CURL_STREAM_FUNCTIONS(USE) \
  USE(curl_, multi_init)                    \
  USE(curl_, multi_cleanup)                 \
  USE(curl_, multi_add_handle)              \
  USE(curl_, multi_remove_handle)           \
  USE(curl_, multi_perform)                 \
  USE(curl_, multi_poll)                    \
  USE(curl_, multi_info_read)               \
  USE(curl_, global_init_mem)               \
  USE(curl_, version_info)

struct CurlStreams {
  ROLECALL_CURL_STREAM_FUNCTIONS(ROLECALL_POINTER)
};

// Throws Error (failed) as libcurl() does.
const CurlStreams& libcurl_streams();

struct CurlListDelete {
  void operator()(curl_slist* list) const noexcept { libcurl().slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDelete>;

// Appends a line. Throws std::bad_alloc.
void append(CurlList& list, const std::string& line);

[[noreturn]] void refuse_curl_option(CURLcode code);

// Sets an option of a transfer. Throws std::bad_alloc, and Error (failed) if libcurl refuses it.
template <class Value>
void set_curl_option(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = libcurl().easy_setopt(handle, option, value);
  if (code != CURLE_OK) refuse_curl_option(code);
}

// What libcurl knows about a transfer.
template <class Value>
Value curl_info(CURL* handle, CURLINFO what) {
  Value value{};
  libcurl().easy_getinfo(handle, what, &value);
  return value;
}

}  // namespace rolecall::http
