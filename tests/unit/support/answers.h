// Answers as the service gives them.
#pragma once

#include <string>
#include <utility>

#include "base/time.h"
#include "http/message.h"

namespace rolecall::test {

inline http::Response answer(int status, const std::string& body, http::Headers headers = {}) {
  http::Response response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = Secret(body);
  return response;
}

// A session that is granted.
inline http::Response session_answer(std::chrono::sys_seconds expiration,
                                     http::Headers headers = {}) {
  return answer(201,
                R"({"credentialSet":[{"credentials":{"accessKeyId":"ASIAEXAMPLE",)"
                R"("secretAccessKey":"sEcReT","sessionToken":"tOkEn","expiration":")" +
                    rfc3339(expiration) + R"("}}]})",
                std::move(headers));
}

}  // namespace rolecall::test
