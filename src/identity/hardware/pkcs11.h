// PKCS#11 tokens by way of p11-kit, which parses URIs (RFC 7512) and loads modules. Cryptoki's
// types and codes stay inside pkcs11.cpp and p11_kit*; p11-kit itself is loaded with the first URI
// that is parsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/signer.h"
#include "rolecall/error.h"
#include "rolecall/secret.h"

struct p11_kit_uri;

namespace rolecall::identity::pkcs11 {

// What a user gave as a pkcs11: URI.
struct Uri {
  std::shared_ptr<p11_kit_uri> parsed;
  std::string text;         // for messages: without pin-value
  std::string module_path;  // these three are the URI's query; empty where it has none
  std::string pin_source;
  Secret pin_value;
};

// Throws Error (usage) for what is no such URI or has an attribute that RFC 7512 does not know, as
// that would match nothing, and where p11-kit is not installed.
Uri parse_uri(const std::string& text);

// The token, its session or the key's handle is no longer there: all of it must be opened anew,
// which may help at once (a module that lost its state) or not.
struct TokenGone : Error {
  explicit TokenGone(const std::string& what);
};

// A login of which it is not known whether the token has counted the PIN.
struct LoginFailed : Error {
  explicit LoginFailed(const std::string& what);
};

enum class ObjectClass { certificate, public_key, private_key };

struct Object {
  unsigned long handle;
  std::string id;     // CKA_ID, raw
  std::string label;  // CKA_LABEL
  std::string uri;    // full: names this object and its token
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

// As its token says now.
struct PinState {
  bool needed;    // private objects and keys want a login
  bool pin_pad;   // it is typed there, and not given here
  bool few_left;  // a wrong one was given since the last right one
  bool last_try;
  bool locked;
};

enum class Login { done, wrong, locked, expired, not_set };
enum class LoginAs {
  user,
  for_key
};  // for_key: after begin_sign, where always_authenticate is set

// A token in its slot, with one session from the first use to the last copy's end. Every function
// throws TokenGone, or Error (failed) with the token's name and what it answered. Not to be used by
// two threads at once.
class Token {
 public:
  struct State;
  explicit Token(std::shared_ptr<State> state) : state_(std::move(state)) {}

  const std::string& name() const;     // its label, for messages
  const std::string& uri() const;      // names this token alone
  bool matches(const Uri& uri) const;  // in all that it says of token, slot and module

  PinState pin() const;
  bool logged_in() const;  // by login() of any copy
  // TokenGone proves that nobody looked at the PIN; LoginFailed does not.
  Login login(LoginAs who, std::string_view pin) const;

  // The objects of a class that have the id and label that `uri` gives, of nullptr all. Its type=
  // makes no difference. Ordered by their URIs.
  std::vector<Object> find(ObjectClass wanted, const Uri* uri) const;
  // Nothing where the object has none, or it is secret.
  std::optional<std::string> attribute(const Object& object, Attribute which) const;
  std::optional<KeyAlgorithm> algorithm(const Object& key) const;  // nothing: neither RSA nor EC

  // false where the token does not have this mechanism for this key.
  bool begin_sign(const Object& key, Mechanism mechanism) const;
  // Raw, as the mechanism gives it.
  std::string finish_sign(std::string_view data) const;

  friend bool operator==(const Token& a, const Token& b) { return a.state_ == b.state_; }

 private:
  std::shared_ptr<State> state_;
};

// Every initialised token of the module at `module_path`, or of all modules that are registered
// with p11-kit where that is empty or p11-kit-proxy.so, but for those that hold the system's roots
// alone. Modules are initialised here, and finalised when the last token of this call is gone. One
// that is registered and does not start is left out; throws Error (usage) where the one at
// `module_path` does not.
std::vector<Token> tokens(const std::string& module_path);

}  // namespace rolecall::identity::pkcs11
