// Selects certificates in a store or on a token by what they say.
#pragma once

#include <string>

namespace rolecall {

// What a certificate must have to be selected. An empty member accepts everything.
struct Selector {
  std::string subject;  // a name of any form that programs print, such as RFC 2253
  std::string issuer;   // likewise
  std::string serial;   // hex: upper case, no leading zeros, "-" before a negative number

  friend bool operator==(const Selector&, const Selector&) = default;
};

// Reads either form of the official helper's --cert-selector: file://PATH, a file with the JSON
// list
// `[{"Key": "x509Subject", "Value": "CN=…"}, …]`, or the text
// `Key=x509Subject,Value=CN=… Key=x509Issuer,Value=CN=… Key=x509Serial,Value=<hex>`. The keys come
// in any order, each at most once.
//
// The text has no escapes and no quotes. An entry starts with `Key=`, its key ends at the first
// `,Value=`, and its value ends where the next `Key=` starts or the text ends, without the white
// space there. So commas, spaces and `=` belong to the value. A value that contains `Key=` can only
// be given in the JSON form.
//
// Throws Error (usage): a file that cannot be read or is not such a list, an unknown key, a key
// twice, text that is left over, an empty value, a name without "TYPE=" (it could match nothing), a
// serial that is not hex. Colons or blanks may stand between the bytes of a serial, and 0x before
// it.
Selector parse_selector(const std::string& text);

// The text form, for messages: "Key=x509Issuer,Value=CN=Example CA".
std::string selector_text(const Selector& selector);

}  // namespace rolecall
