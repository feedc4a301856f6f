// The offline endpoint: CreateSession of IAM Roles Anywhere, and sts:GetCallerIdentity for what it
// issued. No socket, no clock and no file in here.
//
// It verifies with code of its own, from the bytes received. Nothing of the client's signing or of
// its checks is used: a mistake that both share would verify itself.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "emulate/faults.h"
#include "emulate/sessions.h"
#include "emulate/trust.h"
#include "http/message.h"
#include "rolecall/secret.h"

namespace rolecall::emulate {

struct Options {
  PemFile trust_anchor;
  std::vector<PemFile> crls;
  std::vector<std::string> allowed_roles;  // ARNs; empty: any
  std::chrono::seconds session_duration_max{3600};
  bool accept_role_session_name = false;
  std::vector<Fault> faults;
};

// What happened, without anything secret. Empty fields are left out of the line.
struct LogEntry {
  std::chrono::sys_seconds time;  // by the emulator's clock
  std::string peer, method, path;
  int status = 0;
  std::string error, reason;  // the service's name for the error, and its text
  std::string fault;          // the outcome that --fault asked for
  std::string subject, serial;
  std::string role, session_name, access_key_id;
  std::chrono::seconds duration{0};  // of the session
};

// One line of JSON without its line feed.
std::string log_line(const LogEntry& entry, std::chrono::milliseconds took);

struct LoggedResponse {
  http::Response response;
  std::chrono::milliseconds delay{0};  // to wait before it is sent
  LogEntry log;
};

class Emulator {
 public:
  // Throws Error (usage) where the trust anchor or a CRL cannot be used.
  explicit Emulator(Options options);

  // May be called from several threads at once. Throws nothing but for want of memory or
  // randomness.
  LoggedResponse handle(const http::Request& request, std::chrono::system_clock::time_point now);

 private:
  Secret create_session(const http::Request& request, std::chrono::sys_seconds now, LogEntry& log);
  void answer_sessions(const http::Request& request, const Effects& effects,
                       LoggedResponse& answer);
  void answer_sts(const http::Request& request, const std::string& request_id,
                  LoggedResponse& answer);

  Options options_;
  Trust trust_;
  std::mutex mutex_;  // for all below
  Faults faults_;
  Sessions sessions_;
};

}  // namespace rolecall::emulate
