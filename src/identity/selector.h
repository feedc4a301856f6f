// Which certificate of a store or token: the official helper's --cert-selector.
#pragma once

#include <string>
#include <string_view>

#include "identity/certificate.h"

namespace rolecall::identity {

// What a certificate must have to be selected; an empty member asks for nothing.
struct Selector {
  std::string subject;  // as it was given
  std::string issuer;   // as it was given
  std::string serial;   // hex: upper case, no leading zeros, "-" before a negative one

  friend bool operator==(const Selector&, const Selector&) = default;
};

// Takes either form of the flag's value: file://PATH, a file with the JSON list
// `[{"Key": "x509Subject", "Value": "CN=…"}, …]`, or the text
// `Key=x509Subject,Value=CN=… Key=x509Issuer,Value=CN=… Key=x509Serial,Value=<hex>`. The keys come
// in any order, each at most once.
//
// The text has no escapes and no quotes, so this is how it splits: an entry starts with `Key=`, its
// key ends at the first `,Value=`, and its value ends where the next `Key=` starts or the text
// ends, less the white space there. Commas, spaces and `=` thus belong to the value; what holds
// `Key=` itself can only be said in the JSON form.
//
// Throws Error (usage): a file that cannot be read or is not such a list, an unknown key, a key
// twice, leftover text, an empty value, a name without "TYPE=" (it could match nothing), a serial
// that is not hex. Between the bytes of a serial there may be colons or blanks, and 0x before it.
Selector parse_selector(const std::string& text);

// A name may be written as any program prints it (see distinguished_name.h). Values are compared
// letter by letter.
bool matches(const Selector& selector, const Certificate& certificate);

}  // namespace rolecall::identity
