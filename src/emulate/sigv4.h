// What the server's checks of SigV4 and SigV4-X509 share: the Authorization header, and the
// canonical request of the bytes that were received (AWS General Reference, "Signature Version 4";
// IAM Roles Anywhere User Guide, "Signing process").
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace rolecall::emulate {

// The signature of a request is not valid or cannot be checked. what() says why. Each service has
// its own error name for this.
class BadSignature : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// <algorithm> Credential=<id>/<date>/<region>/<service>/aws4_request, SignedHeaders=…, Signature=…
struct Authorization {
  std::string algorithm;
  std::string key_id;  // an access key id, or a certificate's serial number
  std::string date;    // YYYYMMDD
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;
  std::string signature;  // as sent: hex

  // The credential scope: <date>/<region>/<service>/aws4_request
  std::string scope() const;
};

// Parses the header. Throws BadSignature if the form is wrong, a name in SignedHeaders is not in
// lower case, or the names are not sorted or not unique.
Authorization parse_authorization(std::string_view header);

// The header's value without white space around it. nullopt if the header was not sent. Throws
// BadSignature if it was sent several times: all of them are signed, but only one can be meant.
std::optional<std::string> single_header(const http::Request& request, std::string_view name);

// Throws BadSignature if one of `names` is not in SignedHeaders.
void require_signed(const Authorization& authorization, const std::vector<std::string>& names);

// Returns the request's x-amz-date as it was sent. Throws BadSignature if the header is missing or
// malformed, if its day is not that of the credential scope, or if its time is more than 5 minutes
// before or after `now`.
std::string check_date(const http::Request& request, const Authorization& authorization,
                       std::chrono::sys_seconds now);

// How "=" inside a query's value is encoded in the canonical request. The IAM Roles Anywhere User
// Guide requires it to be encoded twice (%253D). The official helper encodes it once, as plain
// SigV4 does.
enum class EqualsSign { encoded, encoded_twice };

// The canonical request. Throws BadSignature if a signed header was not sent, or the query is not
// percent-encoded.
std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              EqualsSign equals_sign = EqualsSign::encoded);

// The string to sign. `amz_date` is the text of x-amz-date, and `canonical_request_sha256` is in
// hex.
std::string string_to_sign(const Authorization& authorization, std::string_view amz_date,
                           std::string_view canonical_request_sha256);

// The pairs of a query such as "a=b&c=d", percent-decoded and in their order. Throws BadSignature
// if a "%" is not followed by two hex digits.
struct Parameter {
  std::string name;
  std::string value;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};
std::vector<Parameter> parse_query(std::string_view query);

}  // namespace rolecall::emulate
