#include "identity/p11kit.h"

#include <dlfcn.h>

#include "rolecall/error.h"

namespace rolecall::identity::pkcs11 {

void* p11_kit_function(const char* name) {
  static void* const library = dlopen("libp11-kit.so.0", RTLD_NOW | RTLD_LOCAL);
  void* address = library == nullptr ? nullptr : dlsym(library, name);
  if (address == nullptr) {
    throw Error(ErrorKind::usage, "pkcs11: URIs need p11-kit, which cannot be loaded here",
                "install it (Debian: libp11-kit0)");
  }
  return address;
}

}  // namespace rolecall::identity::pkcs11
