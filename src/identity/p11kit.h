// The library p11-kit, which is loaded and not linked, so that a run with a key in a file has
// nothing of it.
#pragma once

namespace rolecall::identity::pkcs11 {

// The function of p11-kit that has this name; the library is loaded with the first one that is
// asked for, and stays. Throws Error (usage) where it is not installed.
void* p11_kit_function(const char* name);

}  // namespace rolecall::identity::pkcs11
