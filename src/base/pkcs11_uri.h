// What every layer must know of PKCS#11 URIs (RFC 7512), as they may hold a PIN.
#pragma once

#include <string>
#include <string_view>

namespace rolecall {

// By its scheme, in any case, as p11-kit takes it.
bool is_pkcs11_uri(std::string_view text);

// Whether it is such a URI with a pin-value; p11-kit takes it in the path, too.
bool holds_pin(std::string_view text);

// For messages: of such a URI what stands before the "?", without any PIN; other text as it is.
std::string without_pin(const std::string& text);

// Overwrites the PINs of the first URI that begins in `text`.
void wipe_pins(char* text, std::size_t size);

}  // namespace rolecall
