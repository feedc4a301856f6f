#include "identity/hardware/pkcs11_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <set>

#include "base/text.h"

namespace rolecall::identity::pkcs11 {
namespace {

using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslDelete<OSSL_PARAM_BLD_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, OpensslDelete<ASN1_OBJECT_free>>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, OpensslDelete<ASN1_OCTET_STRING_free>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, OpensslDelete<ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

EvpPkeyPtr key_of(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();  // the token's values are not a valid key
    return nullptr;
  }
  return EvpPkeyPtr(key);
}

EvpPkeyPtr rsa_key(const std::string& modulus, const std::string& exponent) {
  const BignumPtr n(BN_bin2bn(bytes(modulus), static_cast<int>(modulus.size()), nullptr));
  const BignumPtr e(BN_bin2bn(bytes(exponent), static_cast<int>(exponent.size()), nullptr));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder) throw std::bad_alloc();
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return key_of("RSA", builder.get());
}

// `parameters` must be an OID in DER. Other forms are for curves that the service does not accept.
EvpPkeyPtr ec_key(const std::string& parameters, std::string point) {
  const unsigned char* data = bytes(parameters);
  const ObjectPtr curve(d2i_ASN1_OBJECT(nullptr, &data, static_cast<long>(parameters.size())));
  // The standard wraps the point in an OCTET STRING, but some tokens do not.
  data = bytes(point);
  const OctetsPtr wrapped(d2i_ASN1_OCTET_STRING(nullptr, &data, static_cast<long>(point.size())));
  if (wrapped && data == bytes(point) + point.size()) {
    point.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(wrapped.get())),
                 static_cast<std::size_t>(ASN1_STRING_length(wrapped.get())));
  }
  ERR_clear_error();
  const int nid = curve ? OBJ_obj2nid(curve.get()) : NID_undef;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder) throw std::bad_alloc();
  if (nid == NID_undef) return nullptr;
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(nid), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return key_of("EC", builder.get());
}

EvpPkeyPtr public_key_in(const Token& token, const Object& object) {
  const auto get = [&](Attribute which) {
    return token.attribute(object, which).value_or(std::string());
  };
  if (token.algorithm(object) == KeyAlgorithm::rsa) {
    const std::string modulus = get(Attribute::modulus);
    const std::string exponent = get(Attribute::public_exponent);
    return modulus.empty() || exponent.empty() ? nullptr : rsa_key(modulus, exponent);
  }
  const std::string parameters = get(Attribute::ec_parameters);
  const std::string point = get(Attribute::ec_point);
  return parameters.empty() || point.empty() ? nullptr : ec_key(parameters, point);
}

// Returns the DigestInfo for this digest: a fixed prefix for its length, then the digest (RFC 8017,
// 9.2, note 1).
std::string digest_info(const std::string& digest) {
  const char kind = digest.size() == 32 ? 1 : digest.size() == 48 ? 2 : 3;
  std::string text("\x30\x00\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x00\x05\x00\x04\x00",
                   19);
  text[1] = static_cast<char>(17 + digest.size());
  text[14] = kind;
  text[18] = static_cast<char>(digest.size());
  return text + digest;
}

// Converts a token's signature to DER. Tokens return r and s as two halves of one string.
std::string ecdsa_der(const std::string& raw) {
  if (raw.size() % 2 != 0) {
    throw Error(ErrorKind::failed,
                cat("the token returned an ECDSA signature of ", raw.size(), " bytes"),
                "is this the right PKCS#11 module for the token?");
  }
  const std::size_t half = raw.size() / 2;
  const EcdsaPtr signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes(raw), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(bytes(raw) + half, static_cast<int>(half), nullptr);
  unsigned char* der = nullptr;
  if (!signature || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    throw std::bad_alloc();
  }
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) throw std::bad_alloc();
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string finish_signature(OpenKey& key, std::string_view data) {
  const std::optional<std::string> always =
      key.token.attribute(key.object, Attribute::always_authenticate);
  if (always && always->size() == 1 && always->front() != '\0') {
    key.pins.log_in_for(key.token, key.object);
  }
  return key.token.finish_sign(data);
}

struct NoMechanism : Error {
  explicit NoMechanism(const OpenKey& key)
      : Error(ErrorKind::usage,
              "key " + key.object.uri + " does not sign with PKCS #1 v1.5 or ECDSA",
              "the key needs CKA_SIGN, and an RSA key must allow the padding PKCS #1 v1.5") {}
};

// ECDSA uses only as many bits of a digest as the curve has (FIPS 186-5, 6.4.1). Some tokens cut
// the digest themselves, and some do not.
std::size_t digest_limit(const OpenKey& key) {
  const std::string curve =
      key.token.attribute(key.object, Attribute::ec_parameters).value_or(std::string());
  const unsigned char* data = bytes(curve);
  const ObjectPtr oid(d2i_ASN1_OBJECT(nullptr, &data, static_cast<long>(curve.size())));
  ERR_clear_error();
  const int nid = oid ? OBJ_obj2nid(oid.get()) : NID_undef;
  return nid == NID_X9_62_prime256v1 ? 32 : nid == NID_secp384r1 ? 48 : EVP_MAX_MD_SIZE;
}

std::string sign_once(OpenKey& key, std::string_view message, Digest digest) {
  const EVP_MD* md = evp_digest(digest);
  std::string hash(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  if (EVP_Digest(message.data(), message.size(), reinterpret_cast<unsigned char*>(hash.data()),
                 nullptr, md, nullptr) != 1) {
    throw Error(ErrorKind::failed, "OpenSSL cannot compute a digest: " + openssl_error());
  }
  if (key.token.algorithm(key.object) == KeyAlgorithm::ecdsa) {
    if (!key.token.begin_sign(key.object, Mechanism::ecdsa)) throw NoMechanism(key);
    return ecdsa_der(finish_signature(key, std::string_view(hash).substr(0, digest_limit(key))));
  }
  const Mechanism hashing_mechanism = digest == Digest::sha384   ? Mechanism::rsa_sha384
                                      : digest == Digest::sha512 ? Mechanism::rsa_sha512
                                                                 : Mechanism::rsa_sha256;
  if (key.token.begin_sign(key.object, hashing_mechanism)) return finish_signature(key, message);
  if (!key.token.begin_sign(key.object, Mechanism::rsa)) throw NoMechanism(key);
  return finish_signature(key, digest_info(hash));
}

}  // namespace

EvpPkeyPtr stored_public_key(const Token& token, const Object& key) {
  if (EvpPkeyPtr public_key = public_key_in(token, key)) return public_key;
  for (const Object& candidate : token.find(ObjectClass::public_key, nullptr)) {
    const bool belongs_to_key =
        key.id.empty() ? candidate.label == key.label : candidate.id == key.id;
    if (!belongs_to_key || token.algorithm(candidate) != token.algorithm(key)) continue;
    if (EvpPkeyPtr public_key = public_key_in(token, candidate)) return public_key;
  }
  return nullptr;
}

EvpPkeyPtr proven_public_key(OpenKey& key, const std::vector<EVP_PKEY*>& public_keys) {
  if (public_keys.empty()) return nullptr;
  // This text is not a string to sign, so nobody can use the signature for a request to AWS.
  constexpr std::string_view text = "rolecall: does this key match its certificate?";
  std::string signature;
  try {
    signature = sign_once(key, text, Digest::sha256);
  } catch (const NoMechanism&) {
    return nullptr;
  }
  for (EVP_PKEY* public_key : public_keys) {
    const EvpMdCtxPtr context(EVP_MD_CTX_new());
    const bool is_verified =
        context && public_key != nullptr &&
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, public_key) == 1 &&
        EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                         text.size()) == 1;
    ERR_clear_error();
    if (is_verified && EVP_PKEY_up_ref(public_key) == 1) return EvpPkeyPtr(public_key);
  }
  return nullptr;
}

bool same_key(const EVP_PKEY* a, const EVP_PKEY* b) {
  const bool same = a != nullptr && b != nullptr && EVP_PKEY_eq(a, b) == 1;
  ERR_clear_error();
  return same;
}

OpenKey reopen(const std::string& module, const std::string& text, EVP_PKEY* public_key,
               Pins pins) {
  const Uri uri = parse_uri(text);
  const std::vector<Token> all = tokens(module);
  const auto token =
      std::find_if(all.begin(), all.end(), [&uri](const Token& one) { return one.matches(uri); });
  if (token != all.end()) {
    OpenKey key{*token, {}, std::move(pins)};
    key.pins.log_in(*token);
    // Two keys can have the same label and no id.
    std::vector<Object> without_public_key;
    for (Object& object : token->find(ObjectClass::private_key, &uri)) {
      const EvpPkeyPtr stored = stored_public_key(*token, object);
      if (public_key != nullptr && stored && !same_key(public_key, stored.get())) continue;
      if (public_key != nullptr && !stored) {
        without_public_key.push_back(std::move(object));
        continue;
      }
      key.object = std::move(object);
      return key;
    }
    for (Object& object : without_public_key) {
      key.object = std::move(object);
      if (without_public_key.size() == 1 || proven_public_key(key, {public_key})) return key;
    }
  }
  throw TokenLost("the private key " + text + " can no longer be found");
}

namespace {

class TokenSigner final : public Signer {
 public:
  TokenSigner(OpenKey key, EvpPkeyPtr public_key, std::function<OpenKey()> reopen)
      : algorithm_(*key.token.algorithm(key.object)),
        uri_(key.object.uri),
        public_key_(std::move(public_key)),
        reopen_(std::move(reopen)),
        key_(std::move(key)) {
    const std::scoped_lock lock(all().mutex);
    all().signers.insert(this);
  }
  ~TokenSigner() override {
    const std::scoped_lock lock(all().mutex);
    all().signers.erase(this);
  }
  TokenSigner(const TokenSigner&) = delete;
  TokenSigner& operator=(const TokenSigner&) = delete;

  KeyAlgorithm algorithm() const override { return algorithm_; }

  std::string public_key() const override {
    if (!public_key_) {
      throw Error(ErrorKind::failed, "the token does not have the public key of " + uri_,
                  "also name the key's certificate: `certificate`");
    }
    return public_key_bytes(public_key_.get());
  }

  using Signer::sign;
  std::string sign(std::string_view message, Digest digest) const override {
    const std::scoped_lock lock(mutex_);
    if (key_) {
      try {
        return sign_once(*key_, message, digest);
      } catch (const TokenLost&) {
        // All uses of the module must end before reopen_, because a module is started again only if
        // nothing uses it.
        key_.reset();
        close_other_keys();
      }
    }
    key_ = reopen_();
    return sign_once(*key_, message, digest);
  }

 private:
  struct All {
    std::mutex mutex;
    std::set<const TokenSigner*> signers;
  };
  static All& all() {
    static All& instance = *new All;  // never destroyed: signers may live as long as the process
    return instance;
  }

  // The others may use the same module. Those that are making a signature at this moment will
  // notice the error themselves.
  void close_other_keys() const {
    const std::scoped_lock lock(all().mutex);
    for (const TokenSigner* other : all().signers) {
      if (other == this || !other->mutex_.try_lock()) continue;
      other->key_.reset();
      other->mutex_.unlock();
    }
  }

  KeyAlgorithm algorithm_;
  std::string uri_;
  EvpPkeyPtr public_key_;
  std::function<OpenKey()> reopen_;
  mutable std::mutex mutex_;            // protects key_
  mutable std::optional<OpenKey> key_;  // nullopt: the token is gone
};

}  // namespace

std::unique_ptr<Signer> make_token_signer(OpenKey key, EvpPkeyPtr public_key,
                                          std::function<OpenKey()> reopen) {
  return std::make_unique<TokenSigner>(std::move(key), std::move(public_key), std::move(reopen));
}

}  // namespace rolecall::identity::pkcs11
