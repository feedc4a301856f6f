// Revocation lists, and requests signed with certificates made on the spot, for the emulator's
// tests. The signer here is of the tests alone: the client's would make the emulator check its
// sibling.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "http/message.h"
#include "unit/support/certificates.h"

namespace rolecall::emulate::test {

using namespace rolecall::test;  // one room's tests read all of it as theirs

inline std::string crl_pem(const Entity& issuer, const std::vector<Entity>& revoked,
                           int reason = CRL_REASON_UNSPECIFIED) {
  const X509CrlPtr crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), 1);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.get()));
  const std::unique_ptr<ASN1_TIME, OpensslDelete<ASN1_TIME_free>> time(ASN1_TIME_new());
  set_time(time.get(), now - std::chrono::days(2));
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  for (const Entity& entity : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(entity.get()));
    X509_REVOKED_set_revocationDate(entry, time.get());
    if (reason != CRL_REASON_UNSPECIFIED) {
      ASN1_ENUMERATED* value = ASN1_ENUMERATED_new();
      ASN1_ENUMERATED_set(value, reason);
      X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0);
      ASN1_ENUMERATED_free(value);
    }
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256());
  return bio_text([&crl](BIO* bio) { return PEM_write_bio_X509_CRL(bio, crl.get()); });
}

inline std::string base64_der(const X509* certificate) {
  return base64_encode(der(certificate));
}

inline std::string sign(EVP_PKEY* key, std::string_view text) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key);
  EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                 text.size());
  signature.resize(size);
  return signature;
}

// What goes into a CreateSession request; each test spoils one line of it.
struct SessionRecipe {
  std::string anchor_arn =
      "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/22222222-2222-2222-2222-"
      "222222222222";
  std::string profile_arn =
      "arn:aws:rolesanywhere:us-east-1:123456789012:profile/11111111-1111-1111-1111-111111111111";
  std::string role_arn = "arn:aws:iam::123456789012:role/teams/demo";
  std::string more;  // more JSON, as ,"durationSeconds":900
  std::vector<Entity> chain;
  sys_seconds time = now;
  std::string region = "us-east-1";
  std::string serial = "4660";
  std::string algorithm;  // empty: what fits the key

  std::string body() const {
    return R"({"trustAnchorArn":")" + anchor_arn + R"(","profileArn":")" + profile_arn +
           R"(","roleArn":")" + role_arn + "\"" + more + "}";
  }
};

inline http::Request sign_session(const Entity& leaf, const SessionRecipe& recipe = {}) {
  http::Request request;
  request.method = "POST";
  request.path = "/sessions";
  request.body = recipe.body();
  const std::string date = amz_date(recipe.time);
  std::string chain;
  for (const Entity& entity : recipe.chain) {
    chain += (chain.empty() ? "" : ",") + base64_der(entity.get());
  }
  const std::string certificate = base64_der(leaf.get());
  std::string names = "content-type;host;x-amz-date;x-amz-x509";
  std::string canonical =
      "POST\n/sessions\n\ncontent-type:application/json\nhost:localhost:1234\nx-amz-date:" + date +
      "\nx-amz-x509:" + certificate + "\n";
  request.headers = {{"Host", "localhost:1234"},
                     {"Content-Type", "application/json"},
                     {"X-Amz-Date", date},
                     {"X-Amz-X509", certificate}};
  if (!chain.empty()) {
    names += ";x-amz-x509-chain";
    canonical += "x-amz-x509-chain:" + chain + "\n";
    request.headers.push_back({"X-Amz-X509-Chain", chain});
  }
  canonical += "\n" + names + "\n" + sha256_hex(request.body);
  std::string algorithm = recipe.algorithm;
  if (algorithm.empty()) {
    algorithm = EVP_PKEY_get_base_id(leaf.key.get()) == EVP_PKEY_EC ? "AWS4-X509-ECDSA-SHA256"
                                                                    : "AWS4-X509-RSA-SHA256";
  }
  const std::string scope = date.substr(0, 8) + "/" + recipe.region + "/rolesanywhere/aws4_request";
  const std::string text = algorithm + "\n" + date + "\n" + scope + "\n" + sha256_hex(canonical);
  request.headers.push_back(
      {"Authorization", algorithm + " Credential=" + recipe.serial + "/" + scope +
                            ", SignedHeaders=" + names +
                            ", Signature=" + hex_encode(sign(leaf.key.get(), text))});
  return request;
}

inline std::string& header(http::Request& request, std::string_view name) {
  for (http::Header& h : request.headers) {
    if (lower_case(h.name) == name) return h.value;
  }
  throw std::runtime_error("no header " + std::string(name));
}

inline void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no " + std::string(from) + " in " + text);
  text.replace(at, from.size(), to);
}

}  // namespace rolecall::emulate::test
