#include "identity/p11_kit.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>

#include "base/codec.h"
#include "base/pkcs11_uri.h"
#include "identity/pkcs11.h"

namespace rolecall::identity::pkcs11 {

const SharedLibrary& libp11_kit() {
  static const SharedLibrary library("libp11-kit.so.0", "libp11-kit0");
  return library;
}

UriPtr new_uri() {
  UriPtr uri(P11_KIT(uri_new)(), P11_KIT(uri_free));
  if (!uri) throw std::bad_alloc();
  return uri;
}

std::string format(const UriPtr& uri, P11KitUriType type) {
  char* text = nullptr;
  if (P11_KIT(uri_format)(uri.get(), type, &text) != P11_KIT_URI_OK) throw std::bad_alloc();
  std::string copy(text);
  std::free(text);
  return copy;
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

std::string reason(CK_RV code) {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), " (0x%lx)", code);
  return P11_KIT(strerror)(code) + std::string(number.data());
}

namespace {

// p11-kit ends a value at a NUL, and of an attribute that is given twice it takes the last.
void refuse_unclear(std::string_view uri, const std::string& text) {
  std::set<std::string> names;
  std::size_t begin = uri.find(':');
  while (begin != std::string::npos) {
    const std::size_t end = uri.find_first_of(";?&", begin + 1);
    const std::string_view part = uri.substr(begin + 1, end - begin - 1);
    begin = end;
    const std::string name(part.substr(0, part.find('=')));
    if (!name.empty() && !names.insert(name).second) {
      throw Error(ErrorKind::usage, "\"" + without_pin(text) + "\" holds two " + name + "s",
                  "one of them is enough");
    }
    if (name == "id" || part.find("%00") == std::string_view::npos) continue;
    throw Error(ErrorKind::usage, "\"" + without_pin(text) + "\" holds a NUL (%00) outside of id=");
  }
}

}  // namespace

Uri parse_uri(const std::string& text) {
  P11_KIT(be_quiet)();  // it would write to standard error
  const UriPtr parsed = new_uri();
  Secret unwrapped = unwrapped_uri(text);
  unwrapped.append(std::string_view("\0", 1));
  const int result = P11_KIT(uri_parse)(unwrapped.data(), P11_KIT_URI_FOR_ANY, parsed.get());
  const bool unknown = result == P11_KIT_URI_OK && P11_KIT(uri_any_unrecognized)(parsed.get()) != 0;
  if (result != P11_KIT_URI_OK || unknown) {
    throw Error(ErrorKind::usage,
                "\"" + without_pin(text) + "\" is not a PKCS#11 URI: " +
                    (unknown ? "it has an attribute that is not known"
                             : lower_case(text_of(P11_KIT(uri_message)(result)))),
                "such as pkcs11:token=My token;object=key (RFC 7512), with %3B for a semicolon and "
                "%25 for a percent sign; p11tool --list-tokens prints the start of one");
  }
  refuse_unclear(unwrapped.view(), text);
  Uri uri;
  if (const char* pin = P11_KIT(uri_get_pin_value)(parsed.get())) {
    uri.pin_value = Secret(pin);
    wipe(const_cast<char*>(pin), std::strlen(pin));
    P11_KIT(uri_set_pin_value)(parsed.get(), nullptr);
  }
  uri.parsed = parsed;
  uri.text = format(parsed, P11_KIT_URI_FOR_ANY);
  uri.module_path = text_of(P11_KIT(uri_get_module_path)(parsed.get()));
  uri.pin_source = text_of(P11_KIT(uri_get_pin_source)(parsed.get()));
  return uri;
}

}  // namespace rolecall::identity::pkcs11
