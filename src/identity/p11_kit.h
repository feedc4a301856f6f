// p11-kit, loaded with the first URI that is parsed. For pkcs11.cpp and p11_kit*.cpp alone: what
// the rest of this room knows of tokens is pkcs11.h.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>
#include <string>
#include <vector>

#include "base/library.h"

namespace rolecall::identity::pkcs11 {

// Throws Error (failed) where there is none.
const SharedLibrary& libp11_kit();

// Its function of that name: P11_KIT(uri_new)().
#define P11_KIT(name)                                                             \
  ([] {                                                                           \
    static decltype(p11_kit_##name)* const function = [] {                        \
      decltype(p11_kit_##name)* address = nullptr;                                \
      ::rolecall::identity::pkcs11::libp11_kit().find(address, "p11_kit_" #name); \
      return address;                                                             \
    }();                                                                          \
    return function;                                                              \
  }())

using UriPtr = std::shared_ptr<P11KitUri>;

UriPtr new_uri();
std::string format(const UriPtr& uri, P11KitUriType type);

std::string text_of(const char* text);  // of nullptr too
std::string reason(CK_RV code);         // for messages

// Modules that are initialised, until the end: the one at `path`, where that is empty all that are
// registered. Throws as tokens() does.
class Modules {
 public:
  explicit Modules(const std::string& path);
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  ~Modules();

  // But for those that hold the system's roots alone.
  std::vector<CK_FUNCTION_LIST*> usable() const;
  // "PKCS#11 module opensc", for messages.
  std::string name(CK_FUNCTION_LIST* module) const;

 private:
  void start_all();
  void start_one(const std::string& path);

  CK_FUNCTION_LIST** all_ = nullptr;
  CK_FUNCTION_LIST* one_ = nullptr;
  std::string path_;
};

}  // namespace rolecall::identity::pkcs11
