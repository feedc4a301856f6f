#include "identity/pem_contents.h"

#include <algorithm>

#include "identity/pem.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

bool is_certificate(const PemBlock& block) {
  return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE" ||
         block.label == "TRUSTED CERTIFICATE";
}

bool is_request(const PemBlock& block) {
  return block.label.ends_with("CERTIFICATE REQUEST");
}

bool is_public_key(const PemBlock& block) {
  return block.label.ends_with("PUBLIC KEY");
}

// Names the kind of a block, with an article.
std::string kind_of(const PemBlock& block) {
  if (is_certificate(block)) return "a certificate";
  if (block.label.ends_with("ENCRYPTED PRIVATE KEY")) return "an encrypted private key";
  if (is_private_key(block)) return "a private key";
  if (is_request(block)) return "a certificate request";
  if (is_public_key(block)) return "a public key";
  if (is_pkcs7(block)) return "PKCS#7";
  if (block.label == "X509 CRL") return "a certificate revocation list";
  return "\"" + block.label + "\"";
}

bool any(const std::vector<PemBlock>& blocks, bool (*is_one)(const PemBlock&)) {
  return std::any_of(blocks.begin(), blocks.end(), is_one);
}

}  // namespace

bool is_private_key(const PemBlock& block) {
  return block.label.ends_with("PRIVATE KEY");
}

bool is_pkcs7(const PemBlock& block) {
  return block.label == "PKCS7" || block.label == "PKCS #7 SIGNED DATA" || block.label == "CMS";
}

std::vector<Certificate> certificates_in(const std::vector<PemBlock>& blocks,
                                         const std::string& name) {
  std::vector<Certificate> certificates;
  for (const PemBlock& block : blocks) {
    if (is_certificate(block)) certificates.emplace_back(block.der.view(), name);
  }
  return certificates;
}

std::string contents_of(const std::vector<PemBlock>& blocks) {
  std::vector<std::string> kinds;
  for (const PemBlock& block : blocks) {
    std::string kind = kind_of(block);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      kinds.push_back(std::move(kind));
  }
  std::string text;
  for (const std::string& kind : kinds)
    text += (text.empty() ? "" : kind == kinds.back() ? " and " : ", ") + kind;
  return text;
}

void refuse_without_certificate(const std::vector<PemBlock>& blocks, const std::string& name,
                                bool swapped) {
  std::string hint = "the file must have a block that starts with -----BEGIN CERTIFICATE-----";
  if (any(blocks, is_private_key)) {
    hint = std::string(swapped ? "are the two files swapped? " : "") +
           "`certificate` names the file of the certificate, `private-key` the file of the key";
  } else if (any(blocks, is_pkcs7)) {
    throw Error(ErrorKind::usage, name + " is PKCS#7, which is only allowed as `intermediates`",
                "convert the file: openssl pkcs7 -print_certs -in FILE -out FILE.pem");
  } else if (any(blocks, is_request)) {
    hint = "give the certificate that the CA issued for the request";
  } else if (any(blocks, is_public_key)) {
    hint = "give the certificate that the CA issued for this key";
  }
  throw Error(ErrorKind::usage, name + " contains no certificate, only " + contents_of(blocks),
              hint);
}

void refuse_without_key(const std::vector<PemBlock>& blocks, const std::string& name) {
  std::string hint =
      "`private-key` names the file of the key, `certificate` the file of the certificate";
  if (any(blocks, is_public_key)) {
    hint = "a public key cannot sign: give the private key of the same pair";
  } else if (any(blocks, is_request)) {
    hint = "give the private key that the request was signed with";
  }
  throw Error(ErrorKind::usage, name + " contains no private key, only " + contents_of(blocks),
              hint);
}

}  // namespace rolecall::identity
