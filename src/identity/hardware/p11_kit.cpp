#include "identity/hardware/p11_kit.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "base/text.h"

namespace rolecall::identity::pkcs11 {

const P11Kit& p11_kit() {
  static const P11Kit table =
      ROLECALL_LOADED(P11Kit, ROLECALL_P11_KIT_FUNCTIONS, "libp11-kit.so.0", "libp11-kit0");
  return table;
}

UriPtr new_uri() {
  UriPtr uri(p11_kit().uri_new(), p11_kit().uri_free);
  if (!uri) throw std::bad_alloc();
  return uri;
}

std::string format(const UriPtr& uri, P11KitUriType type) {
  char* text = nullptr;
  if (p11_kit().uri_format(uri.get(), type, &text) != P11_KIT_URI_OK) throw std::bad_alloc();
  std::string copy(text);
  std::free(text);
  return copy;
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

std::string reason_text(CK_RV code) {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), " (0x%lx)", code);
  return cat(p11_kit().strerror(code), number.data());
}

}  // namespace rolecall::identity::pkcs11
