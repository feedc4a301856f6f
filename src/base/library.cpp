#include "base/library.h"

#include <dlfcn.h>

#include "base/text.h"

namespace rolecall {

SharedLibrary::SharedLibrary(const char* name, const char* package) : name_(name) {
  require_libraries("this needs " + name_);
  handle_ = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (handle_ != nullptr) return;
  const char* reason = dlerror();
  throw Error(ErrorKind::failed,
              "cannot load " + name_ + ": " + (reason == nullptr ? "no reason given" : reason),
              cat("install the library (Debian: package ", package, ")"));
}

void* SharedLibrary::address_of(const char* symbol) const {
  void* address = address_or_null(symbol);
  if (address == nullptr) {
    throw Error(ErrorKind::failed, name_ + " has no function " + symbol,
                "the library is older than the version that rolecall was built with");
  }
  return address;
}

void* SharedLibrary::address_or_null(const char* symbol) const {
  return dlsym(handle_, symbol);
}

}  // namespace rolecall
