// What SigV4 and SigV4-X509 have in common, from the side that verifies: the Authorization header
// and the canonical request, made from the bytes that were received (AWS General Reference,
// "Signature Version 4"; IAM Roles Anywhere User Guide, "Signing process").
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace rolecall::emulate {

// The signature of a request cannot be checked or does not hold; what() says why. Each service has
// its own name for that.
class BadSignature : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// <algorithm> Credential=<id>/<date>/<region>/<service>/aws4_request, SignedHeaders=…, Signature=…
struct Authorization {
  std::string algorithm;
  std::string key_id;  // an access key, or a certificate's serial number
  std::string date;    // YYYYMMDD
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;
  std::string signature;  // as sent: hex

  std::string scope() const;
};

// Throws BadSignature where the form is wrong, a signed header's name is not lower case, or the
// names are not sorted or not unique.
Authorization parse_authorization(std::string_view header);

// The header's value, trimmed; nullopt where it was not sent. Throws BadSignature where it was sent
// more than once: signed are all of them, and only one could be meant.
std::optional<std::string> single_header(const http::Request& request, std::string_view name);

// Throws BadSignature where one of `names` is not among the signed headers.
void require_signed(const Authorization& authorization, const std::vector<std::string>& names);

// The request's x-amz-date as it was sent. Throws BadSignature where it is missing, ill-formed, of
// another day than the scope, or more than 5 minutes before or after `now`.
std::string check_date(const http::Request& request, const Authorization& authorization,
                       std::chrono::sys_seconds now);

// How "=" inside a query's value is to be written in the canonical request. The guide of IAM Roles
// Anywhere wants it encoded twice (%253D); its own helper encodes it once, as plain SigV4 does.
enum class EqualsSign { encoded, encoded_twice };

// Throws BadSignature where a signed header was not sent or the query is not percent-encoded.
std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              EqualsSign equals_sign = EqualsSign::encoded);

std::string string_to_sign(const Authorization& authorization, std::string_view amz_date,
                           std::string_view canonical_request_sha256);

// "a=b&c=d" as pairs, percent-decoded, in their order. Throws BadSignature for a broken "%".
struct Parameter {
  std::string name;
  std::string value;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};
std::vector<Parameter> parse_query(std::string_view query);

}  // namespace rolecall::emulate
