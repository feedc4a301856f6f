#include "http/curl.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/text.h"
#include "rolecall/secret.h"

namespace rolecall::http {
namespace {

void wiping_free(void* memory) {
  if (memory != nullptr) wipe(memory, malloc_usable_size(memory));
  std::free(memory);
}

// realloc would free the old block without wiping it.
void* wiping_realloc(void* old, std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr || old == nullptr) return memory;
  std::memcpy(memory, old, std::min(size, malloc_usable_size(old)));
  wiping_free(old);
  return memory;
}

}  // namespace

const Curl& libcurl() {
  static const Curl table =
      ROLECALL_INCLUDED(Curl, ROLECALL_CURL_FUNCTIONS, "libcurl.so.4", "libcurl4");
  return table;
}

const CurlStreams& libcurl_streams() {
  static const CurlStreams table =
      ROLECALL_INCLUDED(CurlStreams, ROLECALL_CURL_STREAM_FUNCTIONS, "libcurl.so.4", "libcurl4");
  return table;
}

void initialize_libcurl(CurlMemory memory) {
  static const CURLcode global =
      memory == CurlMemory::plain
          ? libcurl().global_init(CURL_GLOBAL_DEFAULT)
          : libcurl_streams().global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, wiping_free,
                                              wiping_realloc, strdup, std::calloc);
  if (global != CURLE_OK) throw Error(ErrorKind::failed, "libcurl cannot be initialised");
}

void append(CurlList& list, const std::string& line) {
  curl_slist* longer = libcurl().slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

void refuse_curl_option(CURLcode code) {
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  throw Error(ErrorKind::failed, cat("libcurl refuses an option: ", libcurl().easy_strerror(code)),
              "this libcurl was built without a feature that rolecall needs");
}

}  // namespace rolecall::http
