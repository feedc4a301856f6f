// PKCS#11 URIs (RFC 7512). Every layer uses this header, because such a URI may contain a PIN.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/secret.h"

namespace rolecall {

// Whether the scheme is "pkcs11:". Upper case and white space are accepted, as p11-kit accepts
// them.
bool is_pkcs11_uri(std::string_view text);

// Whether `text` is a PKCS#11 URI that contains a pin-value. p11-kit accepts pin-value in the path
// too.
bool contains_pin(std::string_view text);

// A PKCS#11 URI in the form that p11-kit needs. p11-kit drops all white space, because a URI may be
// wrapped over several lines. But a space inside a value belongs to the value ("token=My Token"),
// so it becomes "%20". White space around names and values is dropped. So is a line end with the
// white space around it, and all white space in the value of id=, because that value is bytes. The
// result may contain a PIN.
Secret unwrapped_uri(std::string_view text);

// For messages: the part of a PKCS#11 URI before the "?", without any PIN. Other text is returned
// as it is.
std::string without_pin(const std::string& text);

// Overwrites the PINs of the first PKCS#11 URI in `text`, which is `size` bytes long.
void wipe_pins(char* text, std::size_t size);

}  // namespace rolecall
