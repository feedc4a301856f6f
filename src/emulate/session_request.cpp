#include "emulate/session_request.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <array>

#include "base/codec.h"
#include "base/ml_dsa.h"
#include "base/text.h"
#include "emulate/error_response.h"
#include "emulate/trust.h"

namespace rolecall::emulate {
namespace {

X509Ptr read_certificate(std::string_view base64, const std::string& what) {
  const auto der = base64_decode(base64);
  if (!der) {
    throw access_denied("Untrusted signing certificate: " + what +
                        " is not base64 in one line (no PEM lines, no white space, with padding)");
  }
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const auto* end = at + der->size();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der->size())));
  ERR_clear_error();
  if (!certificate || at != end) {
    throw access_denied("Untrusted signing certificate: " + what +
                        " is not one X.509 certificate in DER");
  }
  return certificate;
}

constexpr const char* rsa_sha256 = "AWS4-X509-RSA-SHA256";
constexpr const char* ecdsa_sha256 = "AWS4-X509-ECDSA-SHA256";
constexpr const char* ml_dsa = "AWS4-X509-MLDSA";

// SigV4-X509 uses SHA-256 for all RSA key sizes and all curves, and one name for all ML-DSA keys.
void check_algorithm(const std::string& algorithm, const X509* leaf) {
  const EVP_PKEY* key = X509_get0_pubkey(leaf);
  const std::string_view ml_dsa_kind = ml_dsa_key_name(leaf);
  if (key == nullptr && !ml_dsa_kind.empty() && !can_use_ml_dsa(ml_dsa_kind)) {
    throw BadSignature(cat("the certificate's key is of the kind ", ml_dsa_kind, ", which ",
                           without_ml_dsa(), "; ", ml_dsa_hint()));
  }
  if (key == nullptr) throw BadSignature("the certificate's key cannot be read");
  const int type = EVP_PKEY_get_base_id(key);
  if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC && ml_dsa_kind.empty()) {
    throw BadSignature("the certificate's key is not RSA, EC or ML-DSA");
  }
  const std::string expected = type == EVP_PKEY_RSA  ? rsa_sha256
                               : type == EVP_PKEY_EC ? ecdsa_sha256
                                                     : ml_dsa;
  if (algorithm != expected) {
    throw BadSignature("the algorithm is \"" + algorithm + "\"; the certificate's key needs " +
                       expected);
  }
  if (type != EVP_PKEY_EC) return;
  std::array<char, 64> name{};
  EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr);
  const std::string_view curve(name.data());
  if (curve != "prime256v1" && curve != "secp384r1" && curve != "secp521r1") {
    throw BadSignature(
        cat("the certificate's EC key is on the curve \"", curve, "\", not P-256, P-384 or P-521"));
  }
}

bool verifies(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  const auto bytes = [](std::string_view view) {
    return reinterpret_cast<const unsigned char*>(view.data());
  };
  // The defaults of OpenSSL are what SigV4-X509 requires: PKCS #1 v1.5 for RSA, a DER signature for
  // EC, and an empty context for ML-DSA, which signs the text itself.
  const char* digest = ml_dsa_name(key).empty() ? "SHA256" : nullptr;
  const bool is_valid = EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr,
                                                key, nullptr) == 1 &&
                        EVP_DigestVerify(context.get(), bytes(signature), signature.size(),
                                         bytes(text), text.size()) == 1;
  ERR_clear_error();
  return is_valid;
}

void check_serial(const std::string& sent, const X509* leaf) {
  const std::string serial = serial_decimal(leaf);
  if (sent == serial) return;
  const bool hex = lower_case(sent) == serial_hex(leaf);
  throw BadSignature("Credential contains the serial number " + sent +
                     ", but the certificate has " + serial +
                     (hex ? ": the number must be decimal, not hex" : ""));
}

SignedRequest verify(const http::Request& request, std::chrono::sys_seconds now) {
  const auto header = single_header(request, "authorization");
  if (!header) throw BadSignature("there is no Authorization header");
  SignedRequest result;
  result.authorization = parse_authorization(*header);
  const Authorization& authorization = result.authorization;
  if (!authorization.algorithm.starts_with("AWS4-X509-")) {
    throw BadSignature("the algorithm is \"" + authorization.algorithm +
                       cat("\"; it must be ", rsa_sha256, ", ", ecdsa_sha256, " or ", ml_dsa));
  }
  if (authorization.service != "rolesanywhere") {
    throw BadSignature("the credential scope names the service \"" + authorization.service +
                       "\"; it must be rolesanywhere");
  }
  const std::string date = check_date(request, authorization, now);

  std::vector<std::string> required = {"content-type", "host", "x-amz-date", "x-amz-x509"};
  if (single_header(request, "x-amz-x509-chain")) required.emplace_back("x-amz-x509-chain");
  require_signed(authorization, required);

  const auto certificate = single_header(request, "x-amz-x509");
  if (!certificate) throw BadSignature("there is no x-amz-x509 header");
  result.leaf = read_certificate(*certificate, "x-amz-x509");
  EVP_PKEY* key = X509_get0_pubkey(result.leaf.get());
  check_algorithm(authorization.algorithm, result.leaf.get());
  check_serial(authorization.key_id, result.leaf.get());

  const auto signature = hex_decode(authorization.signature);
  if (!signature) throw BadSignature("Signature is not hex");
  for (const EqualsSign form : {EqualsSign::encoded, EqualsSign::encoded_twice}) {
    const std::string digest =
        sha256_hex(canonical_request(request, authorization.signed_headers, form));
    if (result.canonical_request_sha256.empty()) result.canonical_request_sha256 = digest;
    if (verifies(key, string_to_sign(authorization, date, digest), *signature)) {
      result.canonical_request_sha256 = digest;
      return result;
    }
    if (request.query.find('=') == std::string::npos) break;
  }
  throw BadSignature(
      "the certificate's key did not sign this request; the SHA-256 of the canonical request, made "
      "from the bytes that were received, is " +
      result.canonical_request_sha256);
}

}  // namespace

SignedRequest verify_signature(const http::Request& request, std::chrono::sys_seconds now) {
  try {
    return verify(request, now);
  } catch (const BadSignature& bad) {
    throw access_denied(cat("Invalid signature: ", bad.what()));
  }
}

std::vector<X509Ptr> read_chain(const http::Request& request) {
  std::vector<X509Ptr> chain;
  const std::string* header = http::find(request.headers, "x-amz-x509-chain");
  if (header == nullptr) return chain;
  std::string_view rest = trim(*header);
  if (rest.empty()) {
    throw access_denied(
        "Untrusted signing certificate: x-amz-x509-chain is empty; if there are no issuers to "
        "send, "
        "omit this header");
  }
  for (;;) {
    const std::size_t comma = rest.find(',');
    if (chain.size() == max_chain) {
      throw access_denied(
          "Untrusted signing certificate: x-amz-x509-chain contains more than 5 certificates");
    }
    chain.push_back(
        read_certificate(trim(rest.substr(0, comma)),
                         cat("certificate ", chain.size() + 1, " of x-amz-x509-chain")));
    if (comma == std::string_view::npos) return chain;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace rolecall::emulate
