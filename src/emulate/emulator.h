// The offline endpoint: CreateSession of IAM Roles Anywhere, and sts:GetCallerIdentity for the
// credentials that it issued. This code uses no socket, no clock and no file.
//
// All checks are the emulator's own and use the bytes that were received. They share no code with
// the client's signing and checks, because a mistake in shared code would not be found.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "emulate/faults.h"
#include "emulate/sessions.h"
#include "emulate/trust.h"
#include "emulate/trust_policy.h"
#include "http/message.h"
#include "rolecall/secret.h"

namespace rolecall::emulate {

struct Options {
  PemFile trust_anchor;
  std::vector<PemFile> crls;
  std::vector<std::string> allowed_roles;  // ARNs. Empty: every role
  std::chrono::seconds session_duration_max{3600};
  bool accept_role_session_name = false;
  std::optional<TrustPolicy> trust_policy;  // of every role. Nothing: everything is allowed
  std::vector<Fault> faults;
};

// What happened to one request, without secrets. Empty fields are not logged.
struct LogEntry {
  std::chrono::sys_seconds time;  // the time of the emulator's clock, which --fault clock changes
  std::string peer, method, path;
  int status = 0;
  std::string error, reason;  // the name and the text of the error, as the service sends them
  std::string fault;          // the outcome that --fault requested
  std::string subject, serial;
  std::string role, session_name, access_key_id;
  std::chrono::seconds duration{0};  // the lifetime of the session
};

// The entry as one line of JSON, without a line feed. `took` is how long the request took.
std::string log_line(const LogEntry& entry, std::chrono::milliseconds took);

struct LoggedResponse {
  http::Response response;
  std::chrono::milliseconds delay{0};  // how long to wait before the response is sent
  LogEntry log;
};

class Emulator {
 public:
  // Throws Error (usage) if the trust anchor, a CRL or the ARN of an allowed role cannot be used.
  explicit Emulator(Options options);

  // Answers a request. Several threads may call this at once. Throws only if there is no memory or
  // no source of randomness.
  LoggedResponse handle(const http::Request& request, std::chrono::system_clock::time_point now);

 private:
  Secret create_session(const http::Request& request, std::chrono::sys_seconds now, LogEntry& log);
  void answer_create_session(const http::Request& request, const Effects& effects,
                             LoggedResponse& answer);
  void answer_get_caller_identity(const http::Request& request, const std::string& request_id,
                                  LoggedResponse& answer);

  Options options_;
  Trust trust_;
  std::mutex mutex_;  // protects the members below
  Faults faults_;
  Sessions sessions_;
};

}  // namespace rolecall::emulate
