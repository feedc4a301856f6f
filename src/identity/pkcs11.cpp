#include "identity/pkcs11.h"

#include <dlfcn.h>
#include <link.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/codec.h"
#include "base/library.h"
#include "base/pkcs11_uri.h"

namespace rolecall::identity::pkcs11 {
namespace {

template <class Function>
Function* p11_kit_function(const char* name) {
  static const SharedLibrary library("libp11-kit.so.0", "libp11-kit0");
  Function* function = nullptr;
  library.find(function, name);
  return function;
}

#define P11_KIT(name) p11_kit_function<decltype(p11_kit_##name)>("p11_kit_" #name)

using UriPtr = std::shared_ptr<P11KitUri>;

UriPtr new_uri() {
  UriPtr uri(P11_KIT(uri_new)(), P11_KIT(uri_free));
  if (!uri) throw std::bad_alloc();
  return uri;
}

std::string format(const UriPtr& uri, P11KitUriType type) {
  char* text = nullptr;
  if (P11_KIT(uri_format)(uri.get(), type, &text) != P11_KIT_URI_OK) throw std::bad_alloc();
  std::string copy(text);
  std::free(text);
  return copy;
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

// Cryptoki pads with blanks.
template <std::size_t size>
std::string padded(const unsigned char (&field)[size]) {
  std::string text(reinterpret_cast<const char*>(field), size);
  text.resize(text.find_last_not_of(' ') + 1);
  return terminal_safe(text);
}

// After one of these all must be opened anew. What lost its login counts, as a token that was put
// back has, and a session that is out of step with us.
bool is_gone(CK_RV code) {
  static constexpr std::array<CK_RV, 13> codes = {
      CKR_CRYPTOKI_NOT_INITIALIZED,  CKR_DEVICE_ERROR,          CKR_DEVICE_REMOVED,
      CKR_KEY_HANDLE_INVALID,        CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_ACTIVE,
      CKR_OPERATION_NOT_INITIALIZED, CKR_SESSION_CLOSED,        CKR_SESSION_HANDLE_INVALID,
      CKR_SLOT_ID_INVALID,           CKR_TOKEN_NOT_PRESENT,     CKR_TOKEN_NOT_RECOGNIZED,
      CKR_USER_NOT_LOGGED_IN};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// Of those the ones that prove that a login did not come to its PIN (PKCS #11 3.0, 5.1.2: the token
// "was not present at the time that the function was invoked" and the like).
bool is_before_login(CK_RV code) {
  static constexpr std::array<CK_RV, 8> codes = {
      CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OPERATION_ACTIVE,       CKR_OPERATION_NOT_INITIALIZED,
      CKR_SESSION_CLOSED,           CKR_SESSION_HANDLE_INVALID, CKR_SLOT_ID_INVALID,
      CKR_TOKEN_NOT_PRESENT,        CKR_USER_NOT_LOGGED_IN};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string reason(CK_RV code) {
  std::array<char, 32> number{};
  std::snprintf(number.data(), number.size(), " (0x%lx)", code);
  return P11_KIT(strerror)(code) + std::string(number.data());
}

[[noreturn]] void fail(const std::string& token, const std::string& what, CK_RV code) {
  const std::string text = "token " + token + " cannot " + what + ": " + reason(code);
  if (is_gone(code)) throw TokenGone(text);
  throw Error(ErrorKind::failed, text);
}

using LibraryPtr = std::unique_ptr<void, int (*)(void*)>;

std::string whole_path(void* library, const std::string& path) {
  const link_map* map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return path;
  return std::filesystem::absolute(map->l_name).string();
}

// Modules that are initialised, until the end.
class Modules {
 public:
  explicit Modules(const std::string& path) {
    if (path.empty()) {
      all_ = P11_KIT(modules_load)(nullptr, 0);
      if (all_ == nullptr) {
        throw Error(ErrorKind::failed,
                    "p11-kit cannot load its modules: " + text_of(P11_KIT(message)()));
      }
      // Drops those that do not start.
      P11_KIT(modules_initialize)
      (all_, reinterpret_cast<p11_kit_destroyer>(P11_KIT(module_release)));
      return;
    }
    // p11-kit would look for anything but a whole path among its own modules.
    const LibraryPtr library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL), dlclose);
    const char* trouble = library ? nullptr : dlerror();
    if (library) one_ = P11_KIT(module_load)(whole_path(library.get(), path).c_str(), 0);
    const bool loaded = one_ != nullptr;
    const CK_RV started = loaded ? P11_KIT(module_initialize)(one_) : CKR_OK;
    if (loaded && started == CKR_OK) return;
    const std::string why = loaded               ? reason(started)
                            : trouble != nullptr ? std::string(trouble)
                                                 : text_of(P11_KIT(message)());
    if (loaded) P11_KIT(module_release)(one_);
    throw Error(
        ErrorKind::usage,
        "PKCS#11 module " + path + (loaded ? " does not start: " : " is not loaded: ") + why,
        "--pkcs11-lib takes the path of a module; without it, those that p11-kit "
        "list-modules shows are used");
  }
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  ~Modules() {
    if (all_ != nullptr) P11_KIT(modules_finalize_and_release)(all_);
    if (one_ == nullptr) return;
    P11_KIT(module_finalize)(one_);
    P11_KIT(module_release)(one_);
  }

  std::vector<CK_FUNCTION_LIST*> usable() const {
    if (one_ != nullptr) return {one_};
    std::vector<CK_FUNCTION_LIST*> modules;
    for (CK_FUNCTION_LIST** module = all_; *module != nullptr; ++module) {
      // p11-kit's own proxy leaves these out, too: they hold roots and no key.
      char* roots = P11_KIT(config_option)(*module, "trust-policy");
      if (text_of(roots) != "yes") modules.push_back(*module);
      std::free(roots);
    }
    return modules;
  }

 private:
  CK_FUNCTION_LIST** all_ = nullptr;
  CK_FUNCTION_LIST* one_ = nullptr;
};

CK_OBJECT_CLASS class_code(ObjectClass wanted) {
  if (wanted == ObjectClass::certificate) return CKO_CERTIFICATE;
  return wanted == ObjectClass::public_key ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY;
}

CK_ATTRIBUTE_TYPE attribute_code(Attribute which) {
  static constexpr std::array<CK_ATTRIBUTE_TYPE, 7> codes = {
      CKA_ALWAYS_AUTHENTICATE, CKA_EC_PARAMS,       CKA_EC_POINT, CKA_MODULUS,
      CKA_PUBLIC_EXPONENT,     CKA_PUBLIC_KEY_INFO, CKA_VALUE};
  return codes.at(static_cast<std::size_t>(which));
}

CK_MECHANISM_TYPE mechanism_code(Mechanism mechanism) {
  static constexpr std::array<CK_MECHANISM_TYPE, 5> codes = {
      CKM_ECDSA, CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS};
  return codes.at(static_cast<std::size_t>(mechanism));
}

// Cryptoki wants pointers to non-const, and writes nothing through these.
unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

}  // namespace

TokenGone::TokenGone(const std::string& what)
    : Error(ErrorKind::try_later, what, "put it back, or see to it that its driver works") {}

LoginFailed::LoginFailed(const std::string& what)
    : Error(ErrorKind::failed, what,
            "the PIN may have been counted as a wrong one: it is not tried again") {}

struct Token::State {
  State(std::shared_ptr<Modules> owner, CK_FUNCTION_LIST* functions, CK_SLOT_ID number,
        const CK_TOKEN_INFO& token_info)
      : modules(std::move(owner)), module(functions), slot(number), info(token_info) {
    const UriPtr own = uri_of_token();
    uri = format(own, P11_KIT_URI_FOR_TOKEN);
    name = padded(info.label);
    if (name.empty()) name = uri;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (session != 0) module->C_CloseSession(session);
  }

  UriPtr uri_of_token() const {
    UriPtr own = new_uri();
    *P11_KIT(uri_get_token_info)(own.get()) = info;
    return own;
  }

  void need_session() {
    if (session != 0) return;
    const CK_RV code = module->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
    if (code != CKR_OK) fail(name, "open a session", code);
  }

  // Nothing where the object has no such attribute, or it is secret.
  std::optional<std::string> read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    need_session();
    std::string value;
    for (const bool measure : {true, false}) {
      CK_ATTRIBUTE attribute = {type, measure ? nullptr : value.data(), value.size()};
      const CK_RV code = module->C_GetAttributeValue(session, object, &attribute, 1);
      if (is_gone(code)) fail(name, "show an object", code);
      if (code != CKR_OK || attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) return std::nullopt;
      value.resize(attribute.ulValueLen);
    }
    return value;
  }

  std::shared_ptr<Modules> modules;
  CK_FUNCTION_LIST* module;
  CK_SLOT_ID slot;
  CK_TOKEN_INFO info;
  CK_SESSION_HANDLE session = 0;
  bool logged_in = false;
  std::string uri;
  std::string name;
};

namespace {

// p11-kit ends a value at a NUL, and takes the last of two PINs.
void refuse_unclear(const std::string& text) {
  int pins = 0;
  std::size_t begin = text.find(':');
  while (begin != std::string::npos) {
    const std::size_t end = text.find_first_of(";?&", begin + 1);
    const std::string_view part = std::string_view(text).substr(begin + 1, end - begin - 1);
    begin = end;
    pins += part.starts_with("pin-value=") ? 1 : 0;
    const bool is_id = part.starts_with("id=");
    if (is_id || part.find("%00") == std::string_view::npos) continue;
    throw Error(ErrorKind::usage, "\"" + without_pin(text) + "\" holds a NUL (%00) outside of id=");
  }
  if (pins > 1) {
    throw Error(ErrorKind::usage, "\"" + without_pin(text) + "\" holds two pin-values",
                "one of them is enough");
  }
}

}  // namespace

Uri parse_uri(const std::string& text) {
  P11_KIT(be_quiet)();  // it would write to standard error
  const UriPtr parsed = new_uri();
  const int result = P11_KIT(uri_parse)(text.c_str(), P11_KIT_URI_FOR_ANY, parsed.get());
  const bool unknown = result == P11_KIT_URI_OK && P11_KIT(uri_any_unrecognized)(parsed.get()) != 0;
  if (result != P11_KIT_URI_OK || unknown) {
    throw Error(ErrorKind::usage,
                "\"" + without_pin(text) + "\" is not a PKCS#11 URI: " +
                    (unknown ? "it has an attribute that is not known"
                             : lower_case(text_of(P11_KIT(uri_message)(result)))),
                "such as pkcs11:token=app;object=key (RFC 7512), with %20 for a space and %3B for "
                "a semicolon; p11tool --list-tokens prints the start of one");
  }
  refuse_unclear(text);
  Uri uri;
  if (const char* pin = P11_KIT(uri_get_pin_value)(parsed.get())) {
    uri.pin_value = Secret(pin);
    wipe(const_cast<char*>(pin), std::strlen(pin));
    P11_KIT(uri_set_pin_value)(parsed.get(), nullptr);
  }
  uri.parsed = parsed;
  uri.text = format(parsed, P11_KIT_URI_FOR_ANY);
  uri.module_path = text_of(P11_KIT(uri_get_module_path)(parsed.get()));
  uri.pin_source = text_of(P11_KIT(uri_get_pin_source)(parsed.get()));
  return uri;
}

const std::string& Token::name() const {
  return state_->name;
}
const std::string& Token::uri() const {
  return state_->uri;
}
bool Token::logged_in() const {
  return state_->logged_in;
}

bool Token::matches(const Uri& uri) const {
  CK_INFO module{};
  CK_SLOT_INFO slot{};
  const CK_SLOT_ID number = P11_KIT(uri_get_slot_id)(uri.parsed.get());
  return P11_KIT(uri_match_token_info)(uri.parsed.get(), &state_->info) != 0 &&
         state_->module->C_GetInfo(&module) == CKR_OK &&
         P11_KIT(uri_match_module_info)(uri.parsed.get(), &module) != 0 &&
         state_->module->C_GetSlotInfo(state_->slot, &slot) == CKR_OK &&
         P11_KIT(uri_match_slot_info)(uri.parsed.get(), &slot) != 0 &&
         (number == static_cast<CK_SLOT_ID>(-1) || number == state_->slot);
}

PinState Token::pin() const {
  CK_TOKEN_INFO now{};
  const CK_RV code = state_->module->C_GetTokenInfo(state_->slot, &now);
  if (code != CKR_OK) fail(state_->name, "tell its state", code);
  const auto has = [&now](CK_FLAGS flag) { return (now.flags & flag) != 0; };
  return {has(CKF_LOGIN_REQUIRED), has(CKF_PROTECTED_AUTHENTICATION_PATH),
          has(CKF_USER_PIN_COUNT_LOW), has(CKF_USER_PIN_FINAL_TRY), has(CKF_USER_PIN_LOCKED)};
}

Login Token::login(LoginAs who, std::string_view pin) const {
  state_->need_session();
  const CK_RV code = state_->module->C_Login(
      state_->session, who == LoginAs::user ? CKU_USER : CKU_CONTEXT_SPECIFIC,
      pin.data() == nullptr ? nullptr : bytes(pin), pin.size());
  switch (code) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
      if (who == LoginAs::user) state_->logged_in = true;
      return Login::done;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return Login::wrong;
    case CKR_PIN_LOCKED:
      return Login::locked;
    case CKR_PIN_EXPIRED:
      return Login::expired;
    case CKR_USER_PIN_NOT_INITIALIZED:
      return Login::not_set;
    default:
      if (is_before_login(code)) fail(state_->name, "log in", code);
      throw LoginFailed("token " + state_->name + " cannot log in: " + reason(code));
  }
}

std::vector<Object> Token::find(ObjectClass wanted, const Uri* uri) const {
  CK_FUNCTION_LIST* module = state_->module;
  CK_OBJECT_CLASS code = class_code(wanted);
  std::vector<CK_ATTRIBUTE> pattern = {{CKA_CLASS, &code, sizeof code}};
  if (uri != nullptr) {
    CK_ULONG count = 0;
    const CK_ATTRIBUTE* given = P11_KIT(uri_get_attributes)(uri->parsed.get(), &count);
    for (CK_ULONG i = 0; i < count; ++i)
      if (given[i].type != CKA_CLASS) pattern.push_back(given[i]);
  }
  state_->need_session();
  CK_RV result = module->C_FindObjectsInit(state_->session, pattern.data(), pattern.size());
  std::vector<Object> found;
  std::array<CK_OBJECT_HANDLE, 32> handles{};
  CK_ULONG count = handles.size();
  while (result == CKR_OK && count > 0) {
    result = module->C_FindObjects(state_->session, handles.data(), handles.size(), &count);
    for (CK_ULONG i = 0; result == CKR_OK && i < count; ++i)
      found.push_back({handles.at(i), {}, {}, {}});
  }
  module->C_FindObjectsFinal(state_->session);
  if (result != CKR_OK) fail(state_->name, "list its objects", result);

  for (Object& object : found) {
    const UriPtr own = state_->uri_of_token();
    P11_KIT(uri_set_attribute)(own.get(), &pattern.front());
    for (const auto& [type, value] :
         {std::pair(CKA_ID, &object.id), std::pair(CKA_LABEL, &object.label)}) {
      *value = state_->read(object.handle, type).value_or("");
      CK_ATTRIBUTE attribute = {type, value->data(), value->size()};
      if (!value->empty()) P11_KIT(uri_set_attribute)(own.get(), &attribute);
    }
    object.uri = format(own, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
  }
  // Tokens have no order, and may have another one tomorrow.
  std::sort(found.begin(), found.end(),
            [](const Object& a, const Object& b) { return a.uri < b.uri; });
  return found;
}

std::optional<std::string> Token::attribute(const Object& object, Attribute which) const {
  return state_->read(object.handle, attribute_code(which));
}

std::optional<KeyAlgorithm> Token::algorithm(const Object& key) const {
  const std::optional<std::string> text = state_->read(key.handle, CKA_KEY_TYPE);
  CK_KEY_TYPE type = CKK_VENDOR_DEFINED;
  if (text && text->size() == sizeof type) std::memcpy(&type, text->data(), sizeof type);
  if (type == CKK_RSA) return KeyAlgorithm::rsa;
  if (type == CKK_EC) return KeyAlgorithm::ecdsa;
  return std::nullopt;
}

bool Token::begin_sign(const Object& key, Mechanism mechanism) const {
  state_->need_session();
  CK_MECHANISM how = {mechanism_code(mechanism), nullptr, 0};
  const CK_RV code = state_->module->C_SignInit(state_->session, &how, key.handle);
  if (code == CKR_MECHANISM_INVALID || code == CKR_MECHANISM_PARAM_INVALID ||
      code == CKR_KEY_TYPE_INCONSISTENT || code == CKR_KEY_FUNCTION_NOT_PERMITTED) {
    return false;
  }
  if (code != CKR_OK) fail(state_->name, "sign", code);
  return true;
}

std::string Token::finish_sign(std::string_view data) const {
  std::string signature(1024, '\0');  // RSA of 8192 bits
  CK_ULONG size = signature.size();
  const CK_RV code =
      state_->module->C_Sign(state_->session, bytes(data), data.size(), bytes(signature), &size);
  if (code != CKR_OK) fail(state_->name, "sign", code);
  signature.resize(size);
  return signature;
}

std::vector<Token> tokens(const std::string& module_path) {
  // p11-kit's proxy stands for all modules, and p11-kit does not load it itself.
  const bool is_proxy = module_path.ends_with("p11-kit-proxy.so");
  const auto modules = std::make_shared<Modules>(is_proxy ? std::string() : module_path);
  std::vector<Token> found;
  for (CK_FUNCTION_LIST* module : modules->usable()) {
    // The list may grow in between, as a token is plugged in: then once more.
    std::vector<CK_SLOT_ID> slots;
    CK_RV code = CKR_BUFFER_TOO_SMALL;
    for (int tries = 0; code == CKR_BUFFER_TOO_SMALL && tries < 3; ++tries) {
      CK_ULONG count = 0;
      if (module->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK) break;
      slots.resize(count);
      code = module->C_GetSlotList(CK_TRUE, slots.data(), &count);
      slots.resize(code == CKR_OK ? count : 0);
    }
    for (const CK_SLOT_ID slot : slots) {
      CK_TOKEN_INFO info{};
      if (module->C_GetTokenInfo(slot, &info) == CKR_OK &&
          (info.flags & CKF_TOKEN_INITIALIZED) != 0) {
        found.emplace_back(std::make_shared<Token::State>(modules, module, slot, info));
      }
    }
  }
  return found;
}

}  // namespace rolecall::identity::pkcs11
