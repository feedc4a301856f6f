#include "aws/sigv4_x509.h"

#include "base/codec.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::aws {
namespace {

std::string algorithm_name(identity::KeyAlgorithm algorithm) {
  switch (algorithm) {
    case identity::KeyAlgorithm::rsa:
      return "AWS4-X509-RSA-SHA256";
    case identity::KeyAlgorithm::ecdsa:
      return "AWS4-X509-ECDSA-SHA256";
    case identity::KeyAlgorithm::ml_dsa:
      break;
  }
  return "AWS4-X509-MLDSA";
}

std::string chain_value(const std::vector<identity::Certificate>& chain) {
  std::string value;
  for (const identity::Certificate& issuer : chain) {
    if (!value.empty()) value += ',';
    value += base64_encode(issuer.der());
  }
  return value;
}

}  // namespace

std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char c : trim(value)) {
    if (c != ' ' || !canonical.ends_with(' ')) canonical += c;
  }
  return canonical;
}

SignedRequest sign_request(const identity::Identity& identity, const std::string& host,
                           const std::string& path, const std::string& region,
                           const std::string& body, std::chrono::sys_seconds now) {
  SignedRequest request;
  const std::string date = amz_date(now);
  request.headers = {{"Content-Type", "application/json"},
                     {"Host", host},
                     {"X-Amz-Date", date},
                     {"X-Amz-X509", base64_encode(identity.leaf.der())}};
  // The service refuses an empty chain header.
  if (!identity.chain.empty()) {
    request.headers.push_back({"X-Amz-X509-Chain", chain_value(identity.chain)});
  }

  // The list above must stay sorted by name, as the canonical request requires.
  std::vector<std::string> names;
  request.canonical_request = "POST\n" + path + "\n\n";
  for (const http::Header& header : request.headers) {
    const std::string name = lower_case(header.name);
    request.canonical_request += name + ":" + canonical_value(header.value) + "\n";
    names.push_back(name);
  }
  const std::string signed_headers = join(names, ";");
  request.canonical_request += "\n" + signed_headers + "\n" + sha256_hex(body);

  const std::string algorithm = algorithm_name(identity.signer->algorithm());
  const std::string scope = date.substr(0, 8) + "/" + region + "/rolesanywhere/aws4_request";
  request.string_to_sign =
      algorithm + "\n" + date + "\n" + scope + "\n" + sha256_hex(request.canonical_request);
  const std::string signature = hex_encode(identity.signer->sign(request.string_to_sign));
  request.headers.push_back(
      {"Authorization", algorithm + " Credential=" + identity.leaf.serial_decimal() + "/" + scope +
                            ", SignedHeaders=" + signed_headers + ", Signature=" + signature});
  return request;
}

}  // namespace rolecall::aws
