// The service's answers to CreateSession: sessions and errors.
#include "aws/session_answer.h"

#include <cstdlib>

#include "aws/service_error.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "http_text.h"
#include "identity/identity.h"
#include "target.h"
#include "unit/support/certificates.h"

namespace rolecall::fuzz {
namespace {

const identity::Identity& somebody() {
  static const identity::Identity made = [] {
    const test::Entity root = test::make_ca("root");
    const test::Entity leaf = test::make(test::Recipe(), &root);
    EVP_PKEY_up_ref(leaf.key.get());
    return identity::Identity{identity::Certificate(test::der(leaf.get()), "leaf"),
                              {identity::Certificate(test::der(root.get()), "root")},
                              identity::make_openssl_signer(EvpPkeyPtr(leaf.key.get()))};
  }();
  return made;
}

void check(const Credentials& credentials) {
  require(is_visible(credentials.access_key_id), "an access key is a printable word");
  require(is_visible(credentials.secret_access_key.view()), "a secret key is, too");
  require(is_visible(credentials.session_token.view()), "a session token is, too");
  require(credentials.assumed_role_arn.empty() || is_visible(credentials.assumed_role_arn),
          "so is the role, if there is one");
  require(rfc3339(credentials.expiration).size() == 20, "an expiration has a year of four digits");
  require(parse_json(credential_process_json(credentials).view()).is_object(),
          "what is handed on is JSON");
}

void run(std::string_view input) {
  const std::string endpoint = "https://host";
  const HttpText text = split_http(input);
  http::Response response;
  response.status = std::atoi(std::string(text.first.substr(0, 3)).c_str());
  response.headers = text.headers;
  response.body = Secret(text.body);
  refuses([&] { check(aws::read_credentials(response, endpoint)); });
  const Error error = aws::service_error(response, endpoint, somebody(), test::now);
  require(*error.what() != '\0', "an error has a message");
  require(terminal_safe(error.what()) == error.what(), "it is safe for a terminal");
}

std::vector<std::string> seeds() {
  return {
      R"(201

{"credentialSet":[{"assumedRoleUser":{"arn":"arn:aws:sts::123456789012:assumed-role/a/b","assumedRoleId":"A:b"},"credentials":{"accessKeyId":"ASIA","secretAccessKey":"s","sessionToken":"t","expiration":"2026-11-23T18:51:52Z"},"packedPolicySize":1,"roleArn":"r","sourceIdentity":"CN=x"}],"subjectArn":"s"})",
      "403\nx-amzn-errortype: AccessDeniedException:http://internal\nx-amzn-requestid: 1-2\n\n"
      R"({"message":"Untrusted certificate. Insufficient certificate"})",
      "400\n\n{\"__type\":\"com.amazon#ValidationException\",\"Message\":\"bad\\u001b[31m\\n\"}",
      "503\nRetry-After: 5\n\n{\"retryAfterSeconds\":3}",
      "429\nretry-after: Mon, 23 Nov 2026 18:51:52 GMT\n\n",
      "302\nlocation: http://portal/?token=x\n\n<html>",
      "407\n\n",
      "511\n\n"};
}

const Registration target({"session_answer", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
