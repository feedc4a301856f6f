#include "emulate/sts.h"

#include <openssl/hmac.h>

#include <optional>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"
#include "base/time.h"
#include "emulate/sigv4.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

constexpr std::string_view api_version = "2011-06-15";
constexpr std::string_view xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

// A form is encoded like a query, except that "+" means a space. None of the values that are
// compared here has a space.
void check_action(const http::Request& request) {
  std::string action = "NO_ACTION_SPECIFIED";
  std::string version = "NO_VERSION_SPECIFIED";
  const std::string* type = http::find(request.headers, "content-type");
  if (type == nullptr || !lower_case(*type).starts_with("application/x-www-form-urlencoded")) {
    throw ErrorResponse(400, "InvalidAction",
                        "Could not find an operation: the content type is not "
                        "application/x-www-form-urlencoded");
  }
  try {
    for (const auto& [name, value] : parse_query(request.body)) {
      if (name == "Action") action = value;
      if (name == "Version") version = value;
    }
  } catch (const BadSignature&) {
    throw ErrorResponse(400, "InvalidAction",
                        "Could not find an operation: the form cannot be read");
  }
  if (action == "GetCallerIdentity" && version == api_version) return;
  throw ErrorResponse(400, "InvalidAction",
                      cat("Could not find operation ", action, " for version ", version,
                          "; the only operation is GetCallerIdentity of version ", api_version));
}

Secret hmac(std::string_view key, std::string_view text) {
  Secret digest;
  digest.resize(32);
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &size) == nullptr) {
    throw Error(ErrorKind::failed, "HMAC is not available: " + openssl_error());
  }
  return digest;
}

Secret expected_signature(const Session& session, const Authorization& authorization,
                          const std::string& text) {
  Secret key("AWS4");
  key.append(session.secret_access_key.view());
  for (const std::string& step : {authorization.date, authorization.region, authorization.service,
                                  std::string("aws4_request")}) {
    key = hmac(key.view(), step);
  }
  return hmac(key.view(), text);
}

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      // Text from a client may not be UTF-8, which XML needs.
      escaped += c == ' ' || is_visible(c) ? c : '?';
    }
  }
  return escaped;
}

Authorization read_authorization(const http::Request& request) {
  const auto header = single_header(request, "authorization");
  if (!header) {
    throw ErrorResponse(
        403, "MissingAuthenticationToken",
        "Request is missing Authentication Token: there is no Authorization header");
  }
  try {
    return parse_authorization(*header);
  } catch (const BadSignature& bad) {
    throw ErrorResponse(400, "IncompleteSignature", bad.what());
  }
}

}  // namespace

std::shared_ptr<const Session> verify_caller(const http::Request& request, const FindSession& find,
                                             std::chrono::sys_seconds now) {
  check_action(request);
  try {
    const Authorization authorization = read_authorization(request);
    if (authorization.algorithm != "AWS4-HMAC-SHA256") {
      throw ErrorResponse(400, "IncompleteSignature",
                          "Unsupported algorithm '" + authorization.algorithm + "'");
    }
    auto session = find(authorization.key_id);
    const auto token = single_header(request, "x-amz-security-token");
    if (!session || !token || !session->session_token.equals(*token)) {
      const char* const why = !session ? "this server has issued no such access key"
                              : !token ? "x-amz-security-token is missing"
                                       : "x-amz-security-token is not that of the access key";
      throw ErrorResponse(403, "InvalidClientTokenId",
                          cat("The security token included in the request is invalid: ", why));
    }
    if (session->expiration <= now) {
      throw ErrorResponse(
          403, "ExpiredToken",
          "The security token included in the request is expired: it was valid until " +
              rfc3339(session->expiration));
    }
    if (authorization.service != "sts") {
      throw BadSignature("Credential should be scoped to correct service: 'sts'");
    }
    const std::string date = check_date(request, authorization, now);
    require_signed(authorization, {"host", "x-amz-date"});
    const std::string digest = sha256_hex(canonical_request(request, authorization.signed_headers));
    const auto sent = hex_decode(authorization.signature);
    if (!sent ||
        !expected_signature(*session, authorization, string_to_sign(authorization, date, digest))
             .equals(*sent)) {
      throw BadSignature(
          "The request signature we calculated does not match the signature you provided; the "
          "SHA-256 of the canonical request, made from the bytes that were received, is " +
          digest);
    }
    return session;
  } catch (const BadSignature& bad) {
    throw ErrorResponse(403, "SignatureDoesNotMatch", bad.what());
  }
}

std::string caller_identity_xml(const Session& session, const std::string& request_id) {
  return cat("<GetCallerIdentityResponse xmlns=\"", xml_namespace,
             "\">\n  <GetCallerIdentityResult>\n    <Arn>", escape_xml(session.assumed_role_arn),
             "</Arn>\n    <UserId>", escape_xml(session.assumed_role_id),
             "</UserId>\n    <Account>", escape_xml(session.account),
             "</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    <RequestId>",
             request_id, "</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n");
}

std::string error_xml(const ErrorResponse& error, const std::string& request_id) {
  return cat("<ErrorResponse xmlns=\"", xml_namespace,
             "\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>", escape_xml(error.name()),
             "</Code>\n    <Message>", escape_xml(error.what()),
             "</Message>\n  </Error>\n  <RequestId>", request_id,
             "</RequestId>\n</ErrorResponse>\n");
}

}  // namespace rolecall::emulate
