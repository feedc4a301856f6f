// PKCS#11 tokens. p11-kit parses URIs (RFC 7512) and loads modules; it is loaded when the first URI
// is parsed. Only pkcs11.cpp and p11_kit* use the types and codes of PKCS#11 itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/hardware/p11_kit_uri.h"
#include "identity/signer.h"
#include "rolecall/error.h"

namespace rolecall::identity::pkcs11 {

// The token, its session or the handle of the key is no longer valid. The module, the token and the
// key must be opened again. This may help at once (if the module lost its state) or not (if the
// token was removed).
struct TokenLost : Error {
  explicit TokenLost(const std::string& what);
};

// A login failed in a way that leaves unknown whether the token counted the PIN as a wrong one.
struct LoginFailed : Error {
  explicit LoginFailed(const std::string& what);
};

enum class ObjectClass { certificate, public_key, private_key };

struct Object {
  unsigned long handle;
  std::string id;     // CKA_ID, raw bytes
  std::string label;  // CKA_LABEL
  std::string uri;    // complete: matches only this object on its token
};

enum class Attribute {
  always_authenticate,
  ec_parameters,
  ec_point,
  modulus,
  public_exponent,
  public_key_info,
  value,
};

enum class Mechanism { ecdsa, rsa, rsa_sha256, rsa_sha384, rsa_sha512 };

// What the token says about its PIN at this moment.
struct PinState {
  bool needed;    // a login is needed to see private objects and to use keys
  bool pin_pad;   // the PIN is typed on the token's own keys
  bool few_left;  // a wrong PIN was given since the last right one
  bool last_try;
  bool locked;
};

enum class Login { done, wrong, locked, expired, not_set };
enum class LoginAs {
  user,
  for_key
};  // for_key: a login for one signature, after begin_sign, if the key has always_authenticate

// A token in its slot. Copies share one session, which is opened at the first use and closed with
// the last copy. Every function throws TokenLost, or Error (failed) with the name of the token and
// its answer. Not thread-safe.
class Token {
 public:
  struct State;
  explicit Token(std::shared_ptr<State> state) : state_(std::move(state)) {}

  const std::string& name() const;     // for messages: the label; the URI if the label is empty
  const std::string& uri() const;      // matches only this token
  bool matches(const Uri& uri) const;  // compares token, slot and module

  PinState pin() const;
  bool logged_in() const;  // by login() of any copy
  // If this throws TokenLost, the token has not checked the PIN. If it throws LoginFailed, the
  // token may have checked it.
  Login login(LoginAs who, std::string_view pin) const;

  // Returns the objects of a class with the id and the label in `uri` (nullptr: all objects of the
  // class), sorted by their URIs. A type= in `uri` is ignored.
  std::vector<Object> find(ObjectClass wanted, const Uri* uri) const;
  // Returns nullopt if the object does not have the attribute, or if the attribute is secret.
  std::optional<std::string> attribute(const Object& object, Attribute which) const;
  std::optional<KeyAlgorithm> algorithm(const Object& key) const;  // nullopt: neither RSA nor EC
  bool is_ml_dsa(const Object& key) const;                         // for messages

  // Returns false if the token does not support the mechanism for this key.
  bool begin_sign(const Object& key, Mechanism mechanism) const;
  // Returns the bytes of the signature as the mechanism defines them.
  std::string finish_sign(std::string_view data) const;

  friend bool operator==(const Token& a, const Token& b) { return a.state_ == b.state_; }

 private:
  std::shared_ptr<State> state_;
};

// Returns every initialised token of the module at `module_path`. If `module_path` is empty or
// p11-kit-proxy.so, returns those of all modules that are registered with p11-kit, except modules
// that contain only the system's root certificates. tokens() initialises the modules. They are
// finalised when the last of these tokens is destroyed. A registered module that does not start is
// skipped. Throws Error (usage) if the module at `module_path` does not start.
std::vector<Token> tokens(const std::string& module_path);

}  // namespace rolecall::identity::pkcs11
