#include "identity/hardware/p11_kit_uri.h"

#include <cstring>
#include <set>

#include "base/codec.h"
#include "base/pkcs11_uri.h"
#include "identity/hardware/p11_kit.h"
#include "rolecall/error.h"

namespace rolecall::identity::pkcs11 {
namespace {

// These are refused because p11-kit would not report them: it cuts a value at a NUL, and if an
// attribute is given twice, it uses the last one.
void refuse_ambiguous(std::string_view uri, const std::string& text) {
  std::set<std::string> names;
  std::size_t begin = uri.find(':');
  while (begin != std::string::npos) {
    const std::size_t end = uri.find_first_of(";?&", begin + 1);
    const std::string_view part = uri.substr(begin + 1, end - begin - 1);
    begin = end;
    const std::string name(part.substr(0, part.find('=')));
    if (!name.empty() && !names.insert(name).second) {
      throw Error(ErrorKind::usage, "\"" + without_pin(text) + "\" contains two " + name + "s",
                  "give this attribute once");
    }
    if (name == "id" || part.find("%00") == std::string_view::npos) continue;
    throw Error(ErrorKind::usage,
                "\"" + without_pin(text) + "\" contains a NUL (%00) outside of id=");
  }
}

}  // namespace

Uri parse_uri(const std::string& text) {
  p11_kit().be_quiet();  // otherwise it writes to standard error
  const UriPtr parsed = new_uri();
  Secret unwrapped = unwrapped_uri(text);
  unwrapped.append(std::string_view("\0", 1));
  const int result = p11_kit().uri_parse(unwrapped.data(), P11_KIT_URI_FOR_ANY, parsed.get());
  const bool unknown =
      result == P11_KIT_URI_OK && p11_kit().uri_any_unrecognized(parsed.get()) != 0;
  if (result != P11_KIT_URI_OK || unknown) {
    throw Error(
        ErrorKind::usage,
        "\"" + without_pin(text) + "\" is not a PKCS#11 URI: " +
            (unknown ? "the URI has an unknown attribute"
                     : lower_case(text_or_empty(p11_kit().uri_message(result)))),
        "give a URI such as pkcs11:token=My token;object=key (RFC 7512), with %3B for a semicolon "
        "and %25 for a percent sign; p11tool --list-tokens prints the URIs of tokens");
  }
  refuse_ambiguous(unwrapped.view(), text);
  Uri uri;
  if (const char* pin = p11_kit().uri_get_pin_value(parsed.get())) {
    uri.pin_value = Secret(pin);
    wipe(const_cast<char*>(pin), std::strlen(pin));
    p11_kit().uri_set_pin_value(parsed.get(), nullptr);
  }
  uri.parsed = parsed;
  uri.text = format(parsed, P11_KIT_URI_FOR_ANY);
  uri.module_path = text_or_empty(p11_kit().uri_get_module_path(parsed.get()));
  uri.pin_source = text_or_empty(p11_kit().uri_get_pin_source(parsed.get()));
  return uri;
}

}  // namespace rolecall::identity::pkcs11
