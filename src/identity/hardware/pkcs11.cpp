#include "identity/hardware/pkcs11.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/codec.h"
#include "identity/hardware/hardware_wait.h"
#include "identity/hardware/p11_kit.h"

namespace rolecall::identity::pkcs11 {
namespace {

// PKCS#11 fills fields up with spaces.
template <std::size_t size>
std::string without_padding(const unsigned char (&field)[size]) {
  std::string text(reinterpret_cast<const char*>(field), size);
  text.resize(text.find_last_not_of(' ') + 1);
  return terminal_safe(text);
}

// After one of these errors, everything must be opened again. This includes a lost login, because a
// token that was removed and put back has lost its login. It also includes a session that is not in
// the state that we expect.
bool needs_reopening(CK_RV code) {
  static constexpr std::array<CK_RV, 13> codes = {
      CKR_CRYPTOKI_NOT_INITIALIZED,  CKR_DEVICE_ERROR,          CKR_DEVICE_REMOVED,
      CKR_KEY_HANDLE_INVALID,        CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_ACTIVE,
      CKR_OPERATION_NOT_INITIALIZED, CKR_SESSION_CLOSED,        CKR_SESSION_HANDLE_INVALID,
      CKR_SLOT_ID_INVALID,           CKR_TOKEN_NOT_PRESENT,     CKR_TOKEN_NOT_RECOGNIZED,
      CKR_USER_NOT_LOGGED_IN};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// Those errors that prove that the token has not checked the PIN (PKCS #11 3.0, 5.1.2: the token
// "was not present at the time that the function was invoked", and similar). CKR_SESSION_CLOSED is
// not among them, because the session was closed while the login was running. Nor is
// CKR_USER_NOT_LOGGED_IN, because some modules return it if a card refuses the PIN.
bool is_before_login(CK_RV code) {
  static constexpr std::array<CK_RV, 6> codes = {
      CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
      CKR_SESSION_HANDLE_INVALID,   CKR_SLOT_ID_INVALID,  CKR_TOKEN_NOT_PRESENT};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

[[noreturn]] void fail(const std::string& token, const std::string& what, CK_RV code) {
  const std::string text = "token " + token + " cannot " + what + ": " + reason_text(code);
  if (needs_reopening(code)) throw TokenLost(text);
  throw Error(ErrorKind::failed, text);
}

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

// If a module returns longer values or more objects, it is broken.
constexpr CK_ULONG longest_value = 1 << 20;
constexpr std::size_t most_objects = 100000;

// PKCS#11 takes pointers to non-const, but does not write through these.
unsigned char* pkcs11_bytes(std::string_view text) {
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

}  // namespace

TokenLost::TokenLost(const std::string& what)
    : Error(ErrorKind::try_later, what, "insert the token again, or check that its driver works") {}

LoginFailed::LoginFailed(const std::string& what)
    : Error(ErrorKind::failed, what,
            "the token may have counted the PIN as a wrong one, so the PIN is not tried again") {}

struct Token::State {
  State(std::shared_ptr<Modules> owner, CK_FUNCTION_LIST* functions, CK_SLOT_ID number,
        const CK_TOKEN_INFO& token_info)
      : modules(std::move(owner)), module(functions), slot(number), info(token_info) {
    const UriPtr own = uri_of_token();
    uri = format(own, P11_KIT_URI_FOR_TOKEN);
    name = without_padding(info.label);
    if (name.empty()) name = uri;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (session != 0) call(&CK_FUNCTION_LIST::C_CloseSession, session);
  }

  // Calls a function of the token's module.
  template <class... Parameters, class... Arguments>
  CK_RV call(CK_RV (*CK_FUNCTION_LIST::*function)(Parameters...), Arguments... arguments) const {
    const HardwareWait wait("token " + name);
    return (module->*function)(arguments...);
  }

  UriPtr uri_of_token() const {
    UriPtr own = new_uri();
    *p11_kit().uri_get_token_info(own.get()) = info;
    return own;
  }

  void need_session() {
    if (session != 0) return;
    const CK_RV code = call(&CK_FUNCTION_LIST::C_OpenSession, slot, CKF_SERIAL_SESSION, nullptr,
                            nullptr, &session);
    if (code != CKR_OK) fail(name, "open a session", code);
  }

  // Returns nullopt if the object does not have the attribute, or if the attribute is secret.
  std::optional<std::string> read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    need_session();
    std::string value;
    for (const bool measure : {true, false}) {
      CK_ATTRIBUTE attribute = {type, measure ? nullptr : value.data(), value.size()};
      const CK_RV code =
          call(&CK_FUNCTION_LIST::C_GetAttributeValue, session, object, &attribute, CK_ULONG{1});
      if (needs_reopening(code)) fail(name, "read an object", code);
      // CK_UNAVAILABLE_INFORMATION is larger than longest_value.
      const bool is_readable = code == CKR_OK && attribute.ulValueLen <= longest_value &&
                               (measure || attribute.ulValueLen <= value.size());
      if (!is_readable) return std::nullopt;
      value.resize(attribute.ulValueLen);
    }
    return value;
  }

  CK_KEY_TYPE key_type(CK_OBJECT_HANDLE key) {
    const std::optional<std::string> text = read(key, CKA_KEY_TYPE);
    CK_KEY_TYPE type = CKK_VENDOR_DEFINED;
    if (text && text->size() == sizeof type) std::memcpy(&type, text->data(), sizeof type);
    return type;
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
  const CK_SLOT_ID number = p11_kit().uri_get_slot_id(uri.parsed.get());
  return p11_kit().uri_match_token_info(uri.parsed.get(), &state_->info) != 0 &&
         state_->call(&CK_FUNCTION_LIST::C_GetInfo, &module) == CKR_OK &&
         p11_kit().uri_match_module_info(uri.parsed.get(), &module) != 0 &&
         state_->call(&CK_FUNCTION_LIST::C_GetSlotInfo, state_->slot, &slot) == CKR_OK &&
         p11_kit().uri_match_slot_info(uri.parsed.get(), &slot) != 0 &&
         (number == static_cast<CK_SLOT_ID>(-1) || number == state_->slot);
}

PinState Token::pin() const {
  CK_TOKEN_INFO now{};
  const CK_RV code = state_->call(&CK_FUNCTION_LIST::C_GetTokenInfo, state_->slot, &now);
  if (code != CKR_OK) fail(state_->name, "report its state", code);
  const auto has = [&now](CK_FLAGS flag) { return (now.flags & flag) != 0; };
  return {has(CKF_LOGIN_REQUIRED), has(CKF_PROTECTED_AUTHENTICATION_PATH),
          has(CKF_USER_PIN_COUNT_LOW), has(CKF_USER_PIN_FINAL_TRY), has(CKF_USER_PIN_LOCKED)};
}

Login Token::login(LoginAs who, std::string_view pin) const {
  state_->need_session();
  const CK_USER_TYPE user = who == LoginAs::user ? CKU_USER : CKU_CONTEXT_SPECIFIC;
  // A PIN pad waits for a person, so there is no HardwareWait.
  const CK_RV code = pin.data() == nullptr
                         ? state_->module->C_Login(state_->session, user, nullptr, 0)
                         : state_->call(&CK_FUNCTION_LIST::C_Login, state_->session, user,
                                        pkcs11_bytes(pin), pin.size());
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
      throw LoginFailed("token " + state_->name + " cannot log in: " + reason_text(code));
  }
}

std::vector<Object> Token::find(ObjectClass wanted, const Uri* uri) const {
  CK_OBJECT_CLASS code = class_code(wanted);
  std::vector<CK_ATTRIBUTE> pattern = {{CKA_CLASS, &code, sizeof code}};
  if (uri != nullptr) {
    CK_ULONG count = 0;
    const CK_ATTRIBUTE* given = p11_kit().uri_get_attributes(uri->parsed.get(), &count);
    for (CK_ULONG i = 0; i < count; ++i)
      if (given[i].type != CKA_CLASS) pattern.push_back(given[i]);
  }
  state_->need_session();
  CK_RV result = state_->call(&CK_FUNCTION_LIST::C_FindObjectsInit, state_->session, pattern.data(),
                              pattern.size());
  std::vector<Object> found;
  std::array<CK_OBJECT_HANDLE, 32> handles{};
  CK_ULONG count = handles.size();
  while (result == CKR_OK && count > 0) {
    result = state_->call(&CK_FUNCTION_LIST::C_FindObjects, state_->session, handles.data(),
                          handles.size(), &count);
    // The module returned more handles than there is room for, or it never stops: it is broken.
    if (count > handles.size() || found.size() > most_objects) result = CKR_GENERAL_ERROR;
    for (CK_ULONG i = 0; result == CKR_OK && i < count; ++i)
      found.push_back({handles.at(i), {}, {}, {}});
  }
  state_->call(&CK_FUNCTION_LIST::C_FindObjectsFinal, state_->session);
  if (result != CKR_OK) fail(state_->name, "list its objects", result);

  for (Object& object : found) {
    const UriPtr own = state_->uri_of_token();
    p11_kit().uri_set_attribute(own.get(), &pattern.front());
    for (const auto& [type, value] :
         {std::pair(CKA_ID, &object.id), std::pair(CKA_LABEL, &object.label)}) {
      *value = state_->read(object.handle, type).value_or("");
      CK_ATTRIBUTE attribute = {type, value->data(), value->size()};
      if (!value->empty()) p11_kit().uri_set_attribute(own.get(), &attribute);
    }
    object.uri = format(own, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
  }
  // Tokens return objects in no fixed order. Sorted objects are the same in each run.
  std::sort(found.begin(), found.end(),
            [](const Object& a, const Object& b) { return a.uri < b.uri; });
  return found;
}

std::optional<std::string> Token::attribute(const Object& object, Attribute which) const {
  return state_->read(object.handle, attribute_code(which));
}

bool Token::is_ml_dsa(const Object& key) const {
  constexpr CK_KEY_TYPE ml_dsa = 0x4a;  // CKK_ML_DSA of PKCS #11 3.2, which p11-kit does not have
  return state_->key_type(key.handle) == ml_dsa;
}

std::optional<KeyAlgorithm> Token::algorithm(const Object& key) const {
  const CK_KEY_TYPE type = state_->key_type(key.handle);
  if (type == CKK_RSA) return KeyAlgorithm::rsa;
  if (type == CKK_EC) return KeyAlgorithm::ecdsa;
  return std::nullopt;
}

bool Token::begin_sign(const Object& key, Mechanism mechanism) const {
  state_->need_session();
  CK_MECHANISM pkcs11_mechanism = {mechanism_code(mechanism), nullptr, 0};
  const CK_RV code =
      state_->call(&CK_FUNCTION_LIST::C_SignInit, state_->session, &pkcs11_mechanism, key.handle);
  if (code == CKR_MECHANISM_INVALID || code == CKR_MECHANISM_PARAM_INVALID ||
      code == CKR_KEY_TYPE_INCONSISTENT || code == CKR_KEY_FUNCTION_NOT_PERMITTED) {
    return false;
  }
  if (code != CKR_OK) fail(state_->name, "sign", code);
  return true;
}

std::string Token::finish_sign(std::string_view data) const {
  std::string signature(1024, '\0');  // the length for RSA with 8192 bits
  CK_ULONG size = signature.size();
  const CK_RV code = state_->call(&CK_FUNCTION_LIST::C_Sign, state_->session, pkcs11_bytes(data),
                                  data.size(), pkcs11_bytes(signature), &size);
  if (code != CKR_OK) fail(state_->name, "sign", code);
  if (size == 0 || size > signature.size()) {
    throw Error(ErrorKind::failed,
                "token " + state_->name + " returned neither a signature nor an error",
                "is this the right PKCS#11 module for the token?");
  }
  signature.resize(size);
  return signature;
}

std::vector<Token> tokens(const std::string& module_path) {
  // The proxy stands for all modules, and p11-kit does not load it itself.
  const bool is_proxy = module_path.ends_with("p11-kit-proxy.so");
  const auto modules = std::make_shared<Modules>(is_proxy ? std::string() : module_path);
  std::vector<Token> found;
  for (CK_FUNCTION_LIST* module : modules->usable()) {
    const HardwareWait wait(modules->name(module));
    // Another token can appear between the two calls. Then the list is too long, and the calls are
    // repeated.
    std::vector<CK_SLOT_ID> slots;
    CK_RV code = CKR_BUFFER_TOO_SMALL;
    for (int tries = 0; code == CKR_BUFFER_TOO_SMALL && tries < 3; ++tries) {
      CK_ULONG count = 0;
      if (module->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK || count > most_objects) break;
      slots.resize(count);
      code = module->C_GetSlotList(CK_TRUE, slots.data(), &count);
      slots.resize(code == CKR_OK ? std::min<std::size_t>(count, slots.size()) : 0);
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
