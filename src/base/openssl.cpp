#include "base/openssl.h"

#include <openssl/err.h>

#include <climits>
#include <new>

namespace rolecall {

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

BioPtr memory_bio(std::string_view bytes) {
  if (bytes.size() > INT_MAX) throw std::bad_alloc();
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

}  // namespace rolecall
