// Requests and bindings for the tests of serve.
#pragma once

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "serve/binding.h"

namespace rolecall::serve::test {

using namespace std::chrono_literals;

inline const aws::Instant now{*parse_rfc3339("2026-11-23T18:00:00Z"),
                              std::chrono::steady_clock::time_point(5000s)};

inline aws::Instant after(std::chrono::milliseconds wall, std::chrono::milliseconds steady) {
  return {now.wall + wall, now.steady + steady};
}
inline aws::Instant after(std::chrono::milliseconds time) {
  return after(time, time);
}

inline http::Request request(const std::string& method, const std::string& path,
                             http::Headers headers = {}) {
  http::Request made;
  made.method = method;
  made.path = path;
  made.headers = std::move(headers);
  made.headers.push_back({"Host", "127.0.0.1:9911"});
  made.peer = "127.0.0.1:40404";
  return made;
}

inline BindingOptions binding_options(const std::string& name = "default") {
  BindingOptions options;
  options.name = name;
  options.session.role_arn = "arn:aws:iam::111122223333:role/some/path/Example";
  options.session.profile_arn = "arn:aws:rolesanywhere:eu-west-1:111122223333:profile/1";
  options.session.trust_anchor_arn = "arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/1";
  return options;
}

inline Credentials credentials(std::chrono::seconds lifetime = 3600s) {
  Credentials made;
  made.access_key_id = "ASIAEXAMPLE";
  made.secret_access_key = Secret("secretsecretsecretsecretsecretsecretsecr");
  made.session_token = Secret("token+token/token==");
  made.assumed_role_arn = "arn:aws:sts::111122223333:assumed-role/Example/1";
  made.expiration = std::chrono::floor<std::chrono::seconds>(now.wall) + lifetime;
  return made;
}

inline BindingStatus valid_status() {
  BindingStatus status;
  status.issued =
      make_issued(credentials(), "arn:aws:iam::111122223333:role/some/path/Example", 3600s, now);
  status.renewed = 1;
  status.last_success = std::chrono::floor<std::chrono::seconds>(now.wall);
  return status;
}

inline std::string body_of(const http::Response& response) {
  return std::string((response.shared_body ? *response.shared_body : response.body).view());
}

// Whether `condition` becomes true, which another thread must cause.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace rolecall::serve::test
