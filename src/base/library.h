// Loads shared libraries when they are first needed, because loading a library and its dependencies
// takes longer than a run that finds its credentials in the cache.
#pragma once

#include <string>

#include "rolecall/error.h"

namespace rolecall {

// False in the static program. There, a library would bring the C library of the machine with it,
// and two C libraries do not work together in one process.
#ifdef ROLECALL_WITHOUT_MODULES
constexpr bool can_load_libraries = false;
#else
constexpr bool can_load_libraries = true;
#endif

// Throws Error (usage) if this build loads no libraries. `what` says what needs a library, such as
// "pkcs11: URIs need p11-kit". The hint is to use a package of rolecall.
inline void require_libraries(const std::string& what) {
  if (can_load_libraries) return;
  throw Error(ErrorKind::usage,
              what + ", and this is the static build of rolecall, which loads no libraries",
              "use rolecall from a deb or rpm package");
}

class SharedLibrary {
 public:
  // `name` is the soname ("libcurl.so.4"). Throws Error (failed) if the library cannot be loaded;
  // the hint names Debian's `package`.
  SharedLibrary(const char* name, const char* package);

  // Sets `function` to the library's function `symbol`. Throws Error (failed) if there is none.
  template <class Function>
  void find(Function*& function, const char* symbol) const {
    function = reinterpret_cast<Function*>(address_of(symbol));
  }

  // The same, but leaves `function` as it is if the library is an older version and has none.
  template <class Function>
  void find_newer(Function*& function, const char* symbol) const {
    if (void* address = address_or_null(symbol)) function = reinterpret_cast<Function*>(address);
  }

 private:
  void* address_of(const char* symbol) const;
  void* address_or_null(const char* symbol) const;

  std::string name_;
  void* handle_ = nullptr;  // never closed: the library's threads and handlers may run to the end
};

// The functions of a library are listed once, in a macro of this form:
//   #define CURL_FUNCTIONS(USE) USE(curl_, easy_init) USE(curl_, easy_cleanup)
// From such a list, ROLECALL_POINTER makes the members of a struct that point to the functions.
#define ROLECALL_POINTER(prefix, name) decltype(&prefix##name) name;

// An expression that loads a library and returns the struct `Functions` with the functions in LIST.
#define ROLECALL_LOADED(Functions, LIST, name, package) \
  [] {                                                  \
    const SharedLibrary library(name, package);         \
    Functions functions{};                              \
    LIST(ROLECALL_FIND)                                 \
    return functions;                                   \
  }()
#define ROLECALL_FIND(prefix, name) library.find(functions.name, #prefix #name);
#define ROLECALL_FIND_NEWER(prefix, name) library.find_newer(functions.name, #prefix #name);

// The same for a library that is inside the portable program (packaging/bundle).
#define ROLECALL_LINKED(prefix, name) .name = &prefix##name,
#ifdef ROLECALL_BUNDLE
constexpr bool libraries_are_inside = true;
#define ROLECALL_INCLUDED(Functions, LIST, name, package) \
  Functions {                                             \
    LIST(ROLECALL_LINKED)                                 \
  }
#else
constexpr bool libraries_are_inside = false;
#define ROLECALL_INCLUDED(Functions, LIST, name, package) \
  ROLECALL_LOADED(Functions, LIST, name, package)
#endif

}  // namespace rolecall
