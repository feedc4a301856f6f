#include "aws/session_answer.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "rolecall/error.h"

namespace rolecall::aws {

Credentials read_credentials(const http::Response& response, const std::string& endpoint) {
  const auto broken = [&endpoint](const std::string& why) {
    return Error(ErrorKind::failed, "the answer of " + endpoint + " is not a session: " + why,
                 "is the endpoint really IAM Roles Anywhere, or does a proxy answer instead?");
  };
  const SecretJson answer = parse_secret_json(response.body.view());
  if (!answer.is_object()) throw broken("it is not JSON");
  const SecretJson* set = member(answer, "credentialSet");
  if (set == nullptr || !set->is_array()) throw broken("it has no credentialSet");
  if (set->empty()) throw broken("its credentialSet is empty");
  const SecretJson& first = set->front();
  const SecretJson* granted = member(first, "credentials");
  if (granted == nullptr) throw broken("it has no credentials");
  // These values go into files, headers and environments, so anything but printable ASCII is
  // refused.
  const auto text = [&](const char* name) {
    const auto value = text_member(*granted, name);
    if (!value) throw broken(std::string("it has no ") + name);
    if (!is_visible(*value)) throw broken(std::string("its ") + name + " is malformed");
    return *value;
  };
  Credentials credentials;
  credentials.access_key_id = text("accessKeyId");
  credentials.secret_access_key = Secret(text("secretAccessKey"));
  credentials.session_token = Secret(text("sessionToken"));
  const auto expiration = parse_rfc3339(text("expiration"));
  // RFC 3339 allows only four digits for the year.
  if (!expiration || rfc3339(*expiration).size() != 20) throw broken("its expiration is malformed");
  credentials.expiration = *expiration;
  if (const SecretJson* user = member(first, "assumedRoleUser")) {
    // This is printed, cached and parsed for the account. So it also must be printable ASCII.
    const auto arn = text_member(*user, "arn");
    if (arn && is_visible(*arn)) credentials.assumed_role_arn = *arn;
  }
  return credentials;
}

}  // namespace rolecall::aws
