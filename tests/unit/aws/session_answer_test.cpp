#include "aws/session_answer.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "rolecall/error.h"
#include "unit/support/answers.h"

namespace rolecall::aws {
namespace {

using test::answer;

json good_answer() {
  return json::parse(R"({"credentialSet":[{
    "assumedRoleUser":{"arn":"arn:aws:sts::123456789012:assumed-role/demo/x","assumedRoleId":"A:x"},
    "credentials":{"accessKeyId":"ASIAEXAMPLE","secretAccessKey":"sEcReT0000000000000000",
      "sessionToken":"tOkEn0000000000000000","expiration":"2026-11-23T18:51:52Z"}}]})");
}

TEST(ReadCredentials, ReadsTheDocumentedForm) {
  const Credentials credentials =
      read_credentials(answer(201, good_answer().dump()), "https://host");
  EXPECT_EQ(
      Secret(credential_process_json(credentials).view()).view(),
      R"({"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"sEcReT0000000000000000",)"
      R"("SessionToken":"tOkEn0000000000000000","Expiration":"2026-11-23T18:51:52Z",)"
      R"("AccountId":"123456789012"})");
}

TEST(ReadCredentials, RefusesOtherFormsWithoutRepeatingThem) {
  std::vector<std::string> bodies = {"",
                                     "<html>",
                                     "[]",
                                     "null",
                                     "{}",
                                     R"({"credentialSet":[]})",
                                     R"({"credentialSet":[null]})",
                                     R"({"credentialSet":{}})"};
  for (const char* name : {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}) {
    for (const json& value : {json(), json(1), json(""), json("a b"), json("a\nb"), json("ü")}) {
      json body = good_answer();
      body["credentialSet"][0]["credentials"][name] = value;
      bodies.push_back(body.dump());
    }
    json body = good_answer();
    body["credentialSet"][0]["credentials"].erase(name);
    bodies.push_back(body.dump());
  }
  bodies.push_back(good_answer().dump().substr(0, 200));
  for (const std::string& body : bodies) {
    try {
      read_credentials(answer(200, body), "https://host");
      ADD_FAILURE() << body;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::failed);
      for (const char* secret : {"sEcReT", "tOkEn"}) {
        EXPECT_EQ(std::string(error.what()).find(secret), std::string::npos) << body;
      }
    }
  }
}

}  // namespace
}  // namespace rolecall::aws
