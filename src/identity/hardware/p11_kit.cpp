#include "identity/hardware/p11_kit.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "base/text.h"

namespace rolecall::identity::pkcs11 {

namespace {

P11Kit load_p11_kit() {
  const SharedLibrary library("libp11-kit.so.0", "libp11-kit0");
  P11Kit functions{};
  ROLECALL_P11_KIT_FUNCTIONS(ROLECALL_FIND)
  // What a newer version returns for a URI without these attributes.
  functions.uri_get_module_path = [](const P11KitUri*) -> const char* { return nullptr; };
  functions.uri_get_slot_id = [](P11KitUri*) { return static_cast<CK_SLOT_ID>(-1); };
  functions.uri_match_slot_info = [](const P11KitUri*, const CK_SLOT_INFO*) { return 1; };
  ROLECALL_NEWER_P11_KIT_FUNCTIONS(ROLECALL_FIND_NEWER)
  return functions;
}

}  // namespace

const P11Kit& p11_kit() {
  static const P11Kit table = load_p11_kit();
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
