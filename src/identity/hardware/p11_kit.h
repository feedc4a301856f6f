// p11-kit, a library that is loaded when the first URI is parsed. Only pkcs11.cpp and p11_kit*.cpp
// use this header. The other code of this folder uses pkcs11.h.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>
#include <string>
#include <vector>

#include "base/library.h"

namespace rolecall::identity::pkcs11 {

#define ROLECALL_P11_KIT_FUNCTIONS(USE)       \
  USE(p11_kit_, be_quiet)                     \
  USE(p11_kit_, config_option)                \
  USE(p11_kit_, message)                      \
  USE(p11_kit_, module_finalize)              \
  USE(p11_kit_, module_get_name)              \
  USE(p11_kit_, module_initialize)            \
  USE(p11_kit_, module_load)                  \
  USE(p11_kit_, module_release)               \
  USE(p11_kit_, modules_finalize_and_release) \
  USE(p11_kit_, modules_load)                 \
  USE(p11_kit_, strerror)                     \
  USE(p11_kit_, uri_any_unrecognized)         \
  USE(p11_kit_, uri_format)                   \
  USE(p11_kit_, uri_free)                     \
  USE(p11_kit_, uri_get_attributes)           \
  USE(p11_kit_, uri_get_pin_source)           \
  USE(p11_kit_, uri_get_pin_value)            \
  USE(p11_kit_, uri_get_token_info)           \
  USE(p11_kit_, uri_match_module_info)        \
  USE(p11_kit_, uri_match_token_info)         \
  USE(p11_kit_, uri_message)                  \
  USE(p11_kit_, uri_new)                      \
  USE(p11_kit_, uri_parse)                    \
  USE(p11_kit_, uri_set_attribute)            \
  USE(p11_kit_, uri_set_pin_value)

// p11-kit 0.23.2 (Ubuntu 16.04) has no such functions, and refuses the attributes they are for.
#define ROLECALL_NEWER_P11_KIT_FUNCTIONS(USE) \
  USE(p11_kit_, uri_get_module_path)          \
  USE(p11_kit_, uri_get_slot_id)              \
  USE(p11_kit_, uri_match_slot_info)

struct P11Kit {
  ROLECALL_P11_KIT_FUNCTIONS(ROLECALL_POINTER)
  ROLECALL_NEWER_P11_KIT_FUNCTIONS(ROLECALL_POINTER)
};

// Throws Error (failed) if p11-kit is not installed.
const P11Kit& p11_kit();

using UriPtr = std::shared_ptr<P11KitUri>;

UriPtr new_uri();
std::string format(const UriPtr& uri, P11KitUriType type);

std::string text_or_empty(const char* text);  // "" for nullptr
std::string reason_text(CK_RV code);          // for messages

// Initialised modules: the one at `path`, or all registered modules if `path` is empty. They are
// finalised in the destructor. The constructor throws as tokens() does.
class Modules {
 public:
  explicit Modules(const std::string& path);
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  ~Modules();

  // Returns all modules except those that contain only the system's root certificates.
  std::vector<CK_FUNCTION_LIST*> usable() const;
  // For messages: "PKCS#11 module opensc".
  std::string name(CK_FUNCTION_LIST* module) const;

 private:
  void start_all();
  void start_one(const std::string& path);

  CK_FUNCTION_LIST** all_ = nullptr;
  CK_FUNCTION_LIST* one_ = nullptr;
  std::string path_;
};

}  // namespace rolecall::identity::pkcs11
