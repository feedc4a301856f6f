// In place of curl.cpp in the static build.
#include <sys/random.h>

#include <cstdlib>

#include "http/curl.h"

namespace rolecall::http {

const Curl& libcurl() {
  static const Curl linked = [] {
    // c-ares 1.18 numbers its queries with rand where there is no /dev/urandom, as in a bare
    // chroot.
    unsigned seed = 0;
    if (getrandom(&seed, sizeof seed, 0) == sizeof seed) std::srand(seed);
    return Curl{
        .global_init = curl_global_init,
        .easy_init = curl_easy_init,
        .easy_cleanup = curl_easy_cleanup,
        .easy_setopt = curl_easy_setopt,
        .easy_getinfo = curl_easy_getinfo,
        .easy_perform = curl_easy_perform,
        .easy_strerror = curl_easy_strerror,
        .slist_append = curl_slist_append,
        .slist_free_all = curl_slist_free_all,
        .url = curl_url,
        .url_cleanup = curl_url_cleanup,
        .url_get = curl_url_get,
        .url_set = curl_url_set,
        .free = curl_free,
        .version = curl_version,
    };
  }();
  return linked;
}

}  // namespace rolecall::http
