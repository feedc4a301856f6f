// Which certificates a selector (the official helper's --cert-selector) means.
#pragma once

#include "identity/certificate.h"
#include "rolecall/selector.h"

namespace rolecall::identity {

// A name may be written as any program prints it (see distinguished_name.h). Values are compared
// letter by letter.
bool matches(const Selector& selector, const Certificate& certificate);

}  // namespace rolecall::identity
