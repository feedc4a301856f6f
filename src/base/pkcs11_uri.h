// What every layer must know of PKCS#11 URIs (RFC 7512), as they may hold a PIN.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/secret.h"

namespace rolecall {

// By its scheme, in any case, as p11-kit takes it.
bool is_pkcs11_uri(std::string_view text);

// Whether it is such a URI with a pin-value; p11-kit takes it in the path, too.
bool holds_pin(std::string_view text);

// Such a URI as p11-kit must get it. p11-kit drops all white space, as URIs are wrapped over lines;
// but a blank inside a value is part of it ("token=My Token"), and becomes "%20". White space
// around names and values is dropped, as is a line's end with the white space around it, and all of
// it in id=, which is bytes. The result may hold a PIN.
Secret unwrapped_uri(std::string_view text);

// For messages: of such a URI what stands before the "?", without any PIN; other text as it is.
std::string without_pin(const std::string& text);

// Overwrites the PINs of the first URI that begins in `text`.
void wipe_pins(char* text, std::size_t size);

}  // namespace rolecall
