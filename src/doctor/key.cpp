#include "doctor/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/file_trust.h"
#include "base/files.h"
#include "base/openssl.h"
#include "base/text.h"
#include "identity/file_form.h"
#include "identity/hardware/hardware.h"
#include "identity/pem.h"
#include "identity/pem_contents.h"

namespace rolecall::doctor {
namespace {

using Pbe2Ptr = std::unique_ptr<PBE2PARAM, OpensslDelete<PBE2PARAM_free>>;

std::string algorithm_text(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return object_name(object);
}

// "PBES2 with PBKDF2 and AES-256-CBC"; for an older scheme, only its name.
std::string pkcs8_encryption(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const X509SigPtr encrypted(d2i_X509_SIG(nullptr, &data, static_cast<long>(der.size())));
  if (!encrypted) {
    ERR_clear_error();
    return "an unknown scheme";
  }
  const X509_ALGOR* scheme = nullptr;
  X509_SIG_get0(encrypted.get(), &scheme, nullptr);
  const ASN1_OBJECT* object = nullptr;
  int type = V_ASN1_UNDEF;
  const void* parameter = nullptr;
  X509_ALGOR_get0(&object, &type, &parameter, scheme);
  if (OBJ_obj2nid(object) != NID_pbes2 || type != V_ASN1_SEQUENCE) return object_name(object);
  const Pbe2Ptr parts(static_cast<PBE2PARAM*>(
      ASN1_item_unpack(static_cast<const ASN1_STRING*>(parameter), ASN1_ITEM_rptr(PBE2PARAM))));
  if (!parts) {
    ERR_clear_error();
    return "PBES2";
  }
  return cat("PBES2 with ", algorithm_text(parts->keyfunc), " and ",
             algorithm_text(parts->encryption));
}

std::string encryption_text(const identity::PemBlock& block) {
  if (block.label == "ENCRYPTED PRIVATE KEY") {
    return "encrypted (PKCS#8, " + pkcs8_encryption(block.der.view()) + ")";
  }
  if (identity::is_tpm_key(block)) return "usable only with its TPM";
  const std::size_t at = block.header.find("DEK-Info: ");
  if (at == std::string::npos) return "not encrypted";
  const std::size_t begin = at + std::string_view("DEK-Info: ").size();
  const std::size_t end = block.header.find_first_of(",\r\n", begin);
  return "encrypted (traditional form, " + block.header.substr(begin, end - begin) + ")";
}

// The key was read before. If it cannot be read again, there is only less to say.
void describe_source(Findings& findings, const Source& source) {
  findings.fact(source.name());
  if (source.kind() != Source::Kind::file || !source.can_be_read_again()) return;
  try {
    const FileContent file = read_file("private key file", source.text());
    findings.fact("mode " + mode_text(file.mode));
    if (identity::is_pkcs12(file.bytes.view())) return findings.fact("PKCS#12");
    for (const identity::PemBlock& block : identity::read_pem(file.bytes.view(), source.name()))
      if (identity::is_private_key(block)) findings.fact(encryption_text(block));
  } catch (const Error&) {
    return;
  }
}

bool verifies(EVP_PKEY* key, identity::KeyAlgorithm algorithm, std::string_view text,
              std::string_view signature) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm == identity::KeyAlgorithm::ml_dsa ? nullptr : EVP_sha256();
  const bool is_right =
      context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) == 1;
  ERR_clear_error();
  return is_right;
}

void try_signature(Findings& findings, const Material& material) {
  constexpr std::string_view text = "rolecall doctor: a signature that shows that the key works";
  const auto begin = std::chrono::steady_clock::now();
  std::string signature;
  try {
    signature = material.signer->sign(text);
  } catch (const Error& error) {
    return findings.fail(error);
  }
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  EVP_PKEY* key = material.leaf ? material.leaf->public_key() : nullptr;
  if (key != nullptr && !verifies(key, material.signer->algorithm(), text, signature)) {
    return findings.fail(
        "the certificate's public key does not verify a signature of this key",
        "the hardware or its driver may be damaged; try the key with rolecall sign-string");
  }
  findings.fact(cat("a trial signature works (", time.count(), " ms)"));
}

}  // namespace

Check check_key(const Material& material, const IdentityOptions& options) {
  if (!material.signer && !material.key_error)
    return skipped("key", "the certificate cannot be read (see certificate)");
  Findings findings;
  if (material.key_error) findings.fail(*material.key_error);
  for (const std::string& warning : material.warnings)
    findings.warn_with_remedy(warning);
  // If there is an error, it says how many tries are left.
  if (!material.key_error && material.tries_left != TriesLeft::unknown) {
    findings.warn(material.tries_left == TriesLeft::one
                      ? "one more wrong PIN locks the token"
                      : "wrong PINs were given; after a few more, the token locks itself",
                  "find out which program sends a wrong PIN; the right PIN resets the count");
  }
  if (material.signer) {
    if (material.matches) {
      findings.fact(material.leaf->key_kind() + ", matches the certificate");
    } else {
      findings.fact("whether the key matches is not known without the certificate");
    }
  }
  if (identity::key_is_on_token(options)) {
    if (material.signer) findings.fact("on a token");
  } else if (material.signer) {
    describe_source(findings,
                    options.private_key.empty() ? options.certificate : options.private_key);
  }
  if (material.signer) try_signature(findings, material);
  return findings.check("key");
}

}  // namespace rolecall::doctor
