#include "base/openssl.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <array>
#include <climits>
#include <new>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "rolecall/error.h"

namespace rolecall {

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

std::string oid_text(const ASN1_OBJECT* object) {
  std::array<char, 256> text{};
  const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return size > 0 ? text.data() : "unknown";
}

std::string object_name(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  return nid == NID_undef ? oid_text(object) : OBJ_nid2sn(nid);
}

Secret random_hex(std::size_t bytes) {
  std::vector<unsigned char, WipingAllocator<unsigned char>> random(bytes);
  if (RAND_bytes(random.data(), static_cast<int>(bytes)) != 1) {
    throw Error(ErrorKind::failed, "no random numbers: " + openssl_error());
  }
  // Byte by byte, so that the whole text is only in the Secret.
  Secret text;
  for (const unsigned char byte : random)
    text.append(hex_encode({reinterpret_cast<const char*>(&byte), 1}));
  return text;
}

BioPtr memory_bio(std::string_view bytes) {
  if (bytes.size() > INT_MAX) throw std::bad_alloc();
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

}  // namespace rolecall
