// Shared libraries that are loaded when they are first needed: to load one, and all that it needs
// itself, takes longer than a run that finds its credentials in the cache.
#pragma once

#include <string>

namespace rolecall {

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

}  // namespace rolecall
