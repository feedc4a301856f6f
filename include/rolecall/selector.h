// Selects certificates in a store or on a token by their names and serial number.
#pragma once

#include <string>

namespace rolecall {

// What a certificate must match to be selected. An empty member matches every certificate.
struct Selector {
  std::string subject;  // a name in any form that programs print, such as RFC 2253
  std::string issuer;   // in the same form
  std::string serial;   // hex: upper case, no leading zeros, "-" before a negative number

  friend bool operator==(const Selector&, const Selector&) = default;
};

// Reads both forms that --cert-selector of the official helper takes:
// - file://PATH, a file with the JSON list `[{"Key": "x509Subject", "Value": "CN=…"}, …]`
// - the text `Key=x509Subject,Value=CN=… Key=x509Issuer,Value=CN=… Key=x509Serial,Value=<hex>`
//
// The keys can be in any order, each at most once.
//
// The text has no escapes and no quotes. An entry starts with `Key=`. Its key ends at the first
// `,Value=`. Its value ends before the next `Key=`, or at the end of the text; white space at the
// end of the value is removed. So a value can contain commas, spaces and `=`. A value that contains
// `Key=` can be given only in the JSON form.
//
// Throws Error (usage) if the file cannot be read or is not such a list, if a key is unknown or is
// there twice, if text is left over, if a value is empty, if a name has no "TYPE=" (it could match
// nothing), or if a serial number is not hex. In a serial number, colons or spaces between the
// bytes and a leading 0x are allowed.
Selector parse_selector(const std::string& text);

// Returns the text form, for messages: "Key=x509Issuer,Value=CN=Example CA".
std::string selector_text(const Selector& selector);

}  // namespace rolecall
