#include "aws/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"
#include "base/time.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

Secret hmac_sha256(std::string_view key, std::string_view text) {
  Secret digest;
  digest.resize(32);
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(digest.data()), nullptr) == nullptr) {
    throw Error(ErrorKind::failed, "OpenSSL has no HMAC-SHA-256: " + openssl_error());
  }
  return digest;
}

}  // namespace

http::Headers sign_form(const FormRequest& request, const Credentials& credentials,
                        std::chrono::sys_seconds now) {
  const std::string date = amz_date(now);
  const std::string day = date.substr(0, 8);
  // The headers stay sorted by name, as the canonical request requires.
  http::Headers headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                           {"Host", request.host},
                           {"X-Amz-Date", date}};
  if (!credentials.session_token.empty()) {
    headers.push_back({"X-Amz-Security-Token", std::string(credentials.session_token.view())});
  }
  std::string canonical = "POST\n/\n\n";
  std::string names;
  for (const http::Header& header : headers) {
    const std::string name = lower_case(header.name);
    canonical += cat(name, ":", header.value, "\n");
    names += cat(names.empty() ? "" : ";", name);
  }
  canonical += cat("\n", names, "\n", sha256_hex(request.body));

  const std::string scope = cat(day, "/", request.region, "/", request.service, "/aws4_request");
  const std::string to_sign =
      cat("AWS4-HMAC-SHA256\n", date, "\n", scope, "\n", sha256_hex(canonical));
  Secret key("AWS4");
  key.append(credentials.secret_access_key.view());
  for (const std::string_view step :
       {std::string_view(day), std::string_view(request.region), std::string_view(request.service),
        std::string_view("aws4_request")}) {
    key = hmac_sha256(key.view(), step);
  }
  headers.push_back({"Authorization", cat("AWS4-HMAC-SHA256 Credential=", credentials.access_key_id,
                                          "/", scope, ", SignedHeaders=", names, ", Signature=",
                                          hex_encode(hmac_sha256(key.view(), to_sign).view()))});
  return headers;
}

}  // namespace rolecall::aws
