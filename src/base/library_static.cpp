// Replaces library.cpp in the static build. Nothing is loaded there: neither by rolecall nor by
// OpenSSL, whose configuration file may name modules.
#include <dlfcn.h>

#include "base/library.h"

namespace rolecall {

bool can_load_libraries() {
  return false;
}

SharedLibrary::SharedLibrary(const char* name, const char* /*package*/)
    : name_(name), handle_(nullptr) {
  require_libraries("this needs " + name_);
}

void* SharedLibrary::address_of(const char* /*symbol*/) const {
  return handle_;
}

}  // namespace rolecall
