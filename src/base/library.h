// Shared libraries that are loaded when they are first needed: to load one, and all that it needs
// itself, takes longer than a run that finds its credentials in the cache.
#pragma once

#include <string>

#include "rolecall/error.h"

namespace rolecall {

// false in the static build: a library that is loaded brings a C library with it, the machine's
// own, and two of them do not go together in one process.
bool loads_libraries();

// Throws Error (usage) where that is so. `what` needs a library, as in "pkcs11: URIs need p11-kit";
// the hint is to use the packaged rolecall `or_else`.
inline void need_libraries(const std::string& what, const std::string& or_else = "") {
  if (loads_libraries()) return;
  throw Error(ErrorKind::usage,
              what + ", and this rolecall is the static one, which loads no libraries",
              "use the packaged rolecall" + or_else);
}

class SharedLibrary {
 public:
  // `name` is the soname ("libcurl.so.4"). Throws Error (failed) that names Debian's `package`.
  SharedLibrary(const char* name, const char* package);

  // Sets `function` to the library's function of this name. Throws Error (failed).
  template <class Function>
  void find(Function*& function, const char* symbol) const {
    function = reinterpret_cast<Function*>(address_of(symbol));
  }

 private:
  void* address_of(const char* symbol) const;

  std::string name_;
  void* handle_;  // never closed: threads and handlers of the library may live as long as we do
};

// A library's functions are listed once, in a macro of this form:
//   #define CURL_FUNCTIONS(USE) USE(curl_, easy_init) USE(curl_, easy_cleanup)
// Of the list are made: the members of a struct that points to them; what finds them in `library`
// for the struct `functions`; the struct's initialisers where the library is linked.
#define ROLECALL_POINTER(prefix, name) decltype(&prefix##name) name;
#define ROLECALL_FIND(prefix, name) library.find(functions.name, #prefix #name);
#define ROLECALL_LINKED(prefix, name) .name = &prefix##name,

}  // namespace rolecall
