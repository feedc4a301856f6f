// Whether a certificate matches a selector (--cert-selector, as in AWS's credential helper).
#pragma once

#include "identity/certificate.h"
#include "rolecall/selector.h"

namespace rolecall::identity {

// The names in `selector` can have the form of any program (see distinguished_name.h). Values are
// case-sensitive.
bool matches(const Selector& selector, const Certificate& certificate);

}  // namespace rolecall::identity
