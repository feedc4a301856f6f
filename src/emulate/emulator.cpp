#include "emulate/emulator.h"

#include <limits.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "emulate/error_response.h"
#include "emulate/session_input.h"
#include "emulate/session_request.h"
#include "emulate/session_tags.h"
#include "emulate/sts.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

using std::chrono::sys_seconds;

std::string error_name(int status) {
  static constexpr std::array<std::pair<int, const char*>, 6> names = {{
      {400, "ValidationException"},
      {403, "AccessDeniedException"},
      {404, "ResourceNotFoundException"},
      {429, "TooManyRequestsException"},
      {500, "InternalServerException"},
      {503, "ServiceUnavailableException"},
  }};
  for (const auto& [known, name] : names) {
    if (known == status) return name;
  }
  return "InjectedFault";
}

// Throws ErrorResponse if the fault is an error status. Other faults change the response later.
void throw_fault(const Effects& effects) {
  if (!effects.outcome) return;
  if (effects.outcome->kind == Fault::Kind::throttle) {
    throw ErrorResponse(400, "ThrottlingException",
                        "Rate exceeded: a fault that --fault requested");
  }
  if (effects.outcome->kind != Fault::Kind::status) return;
  const int status = effects.outcome->status;
  throw ErrorResponse(status, error_name(status),
                      cat("status ", status, ": a fault that --fault requested"));
}

std::string fault_name(const Effects& effects) {
  if (!effects.outcome) return {};
  switch (effects.outcome->kind) {
    case Fault::Kind::throttle:
      return "throttle";
    case Fault::Kind::broken:
      return "broken";
    case Fault::Kind::truncated:
      return "truncated";
    case Fault::Kind::empty:
      return "empty";
    default:
      return std::to_string(effects.outcome->status);
  }
}

void set_error(LoggedResponse& answer, const ErrorResponse& error) {
  answer.response.status = error.status();
  answer.log.error = error.name();
  answer.log.reason = error.what();
}

// The service sends the time to wait in a header. If the service is unavailable (503), the time is
// also in the body.
void set_json_error(LoggedResponse& answer, const ErrorResponse& error,
                    std::optional<std::chrono::seconds> retry_after = {}) {
  set_error(answer, error);
  json body = {{"message", error.what()}};
  if (retry_after) {
    answer.response.headers.push_back({"Retry-After", std::to_string(retry_after->count())});
    if (error.status() == 503) body["retryAfterSeconds"] = retry_after->count();
  }
  answer.response.headers.push_back({"x-amzn-errortype", error.name()});
  answer.response.body = Secret(to_text(body));
}

// The response of CreateSession as the API reference documents it. The keys and the token have only
// base64 characters, which need no escapes in JSON.
Secret session_json(const Session& session, const SessionInput& input,
                    const std::string& source_identity, const std::string& subject_arn) {
  const auto quoted = [](const std::string& text) { return to_text(json(text)); };
  Secret body;
  body.append(R"({"credentialSet":[{"assumedRoleUser":{"arn":)");
  body.append(quoted(session.assumed_role_arn) + R"(,"assumedRoleId":)" +
              quoted(session.assumed_role_id));
  body.append(R"(},"credentials":{"accessKeyId":")" + session.access_key_id +
              R"(","secretAccessKey":")");
  body.append(session.secret_access_key.view());
  body.append(R"(","sessionToken":")");
  body.append(session.session_token.view());
  body.append(R"(","expiration":")" + rfc3339(session.expiration) +
              R"("},"packedPolicySize":0,"roleArn":)" + quoted(input.role_arn) +
              R"(,"sourceIdentity":)" + quoted(source_identity) + R"(}],"subjectArn":)" +
              quoted(subject_arn) + "}");
  return body;
}

// What the trust policy of the role can test.
RequestContext request_context(const SessionInput& input, const SessionTags& tags,
                               const std::string& source_identity,
                               const std::string& session_name) {
  RequestContext context = {{"aws:sourcearn", input.trust_anchor_arn},
                            {"aws:sourceaccount", input.anchor_account},
                            {"sts:sourceidentity", source_identity},
                            {"sts:rolesessionname", session_name}};
  for (const auto& [name, value] : tags)
    context["aws:principaltag/" + lower_case(name)] = value;
  return context;
}

// The entry as JSON, with at most `longest` bytes of each value.
std::string log_line(const LogEntry& entry, std::chrono::milliseconds took, std::size_t longest) {
  json line;
  const auto put = [&line, longest](const char* name, const std::string& value) {
    if (!value.empty()) line[name] = value.substr(0, longest);
  };
  put("time", rfc3339(entry.time));
  put("peer", entry.peer);
  put("method", entry.method);
  put("path", entry.path);
  line["status"] = entry.status;
  put("error", entry.error);
  put("reason", entry.reason);
  put("fault", entry.fault);
  put("subject", entry.subject);
  put("serial", entry.serial);
  put("role", entry.role);
  put("sessionName", entry.session_name);
  put("accessKeyId", entry.access_key_id);
  if (entry.duration.count() > 0) line["durationSeconds"] = entry.duration.count();
  line["milliseconds"] = took.count();
  return to_log_text(line);
}

}  // namespace

// Only lines shorter than PIPE_BUF are certain to be written to a pipe as a whole. Values from a
// client can be long, and escapes make them longer, so they are cut if necessary.
std::string log_line(const LogEntry& entry, std::chrono::milliseconds took) {
  std::size_t longest = 400;
  std::string line = log_line(entry, took, longest);
  while (line.size() >= PIPE_BUF && longest > 16)
    line = log_line(entry, took, longest /= 2);
  return line;
}

Emulator::Emulator(Options options)
    : options_(std::move(options)),
      trust_(options_.trust_anchor, options_.crls),
      faults_(options_.faults) {
  for (const std::string& role : options_.allowed_roles) {
    if (is_role_arn(role)) continue;
    throw Error(ErrorKind::usage, "\"" + role + "\" is not the ARN of a role",
                "it has the form arn:aws:iam::<account>:role/<name>");
  }
}

// Checks the request, starts a session and returns the body of the response. Throws ErrorResponse.
Secret Emulator::create_session(const http::Request& request, sys_seconds now, LogEntry& log) {
  const SignedRequest signed_request = verify_signature(request, now);
  X509* leaf = signed_request.leaf.get();
  log.subject = subject_text(leaf);
  log.serial = serial_decimal(leaf);

  const SessionInput input = read_session_input(request);
  log.role = input.role_arn;
  if (signed_request.authorization.region != input.region) {
    throw access_denied("Invalid signature: the credential scope names the region " +
                        signed_request.authorization.region + ", but trustAnchorArn names " +
                        input.region);
  }
  trust_.check(leaf, read_chain(request), now);

  if (!input.role_session_name.empty() && !options_.accept_role_session_name) {
    throw access_denied(
        "Not authorized to set roleSessionName. The profile must have acceptRoleSessionName; "
        "the option of this emulator is --accept-role-session-name");
  }
  const auto& allowed = options_.allowed_roles;
  if (!allowed.empty() &&
      std::find(allowed.begin(), allowed.end(), input.role_arn) == allowed.end()) {
    throw access_denied("Unable to assume role for " + input.role_arn +
                        ": it is not one of the roles that --role-arn allows");
  }

  const SessionTags tags = session_tags(leaf, input.role_arn);
  const std::string name =
      input.role_session_name.empty() ? serial_hex(leaf) : input.role_session_name;
  const std::string source = source_identity(leaf);
  if (options_.trust_policy) {
    // Policies see the canonical ARN, and the emulator does not know which one an alias means.
    const bool is_alias = input.trust_anchor_arn.find(":alias/") != std::string::npos;
    const std::string refusal =
        is_alias ? "the emulator does not know the canonical ARN of the trust anchor's alias"
                 : options_.trust_policy->refusal(request_context(input, tags, source, name));
    if (!refusal.empty()) {
      throw access_denied(
          cat("Unable to assume role for ", input.role_arn, ": in the trust policy, ", refusal));
    }
  }

  Session session = random_session();
  const auto duration = std::min(input.duration, options_.session_duration_max);
  session.expiration = now + duration;
  session.account = input.role_account;
  session.assumed_role_arn = "arn:" + input.partition + ":sts::" + input.role_account +
                             ":assumed-role/" + input.role_name + "/" + name;
  session.assumed_role_id = role_id_for(input.role_arn) + ":" + name;
  log.session_name = name;
  log.access_key_id = session.access_key_id;
  log.duration = duration;

  // The service identifies a subject by its name: a renewed certificate has the same subject.
  const std::string subject_arn = "arn:" + input.partition + ":rolesanywhere:" + input.region +
                                  ":" + input.anchor_account + ":subject/" +
                                  uuid_for(subject_text(leaf));
  Secret body = session_json(session, input, source, subject_arn);
  const auto shared = std::make_shared<const Session>(std::move(session));
  const std::scoped_lock lock(mutex_);
  sessions_.add(shared);
  return body;
}

void Emulator::answer_create_session(const http::Request& request, const Effects& effects,
                                     LoggedResponse& answer) {
  http::Response& response = answer.response;
  answer.delay = effects.delay;
  answer.log.fault = fault_name(effects);
  const auto outcome_is = [&effects](Fault::Kind kind) {
    return effects.outcome && effects.outcome->kind == kind;
  };
  response.headers.push_back({"Content-Type", "application/json"});
  try {
    throw_fault(effects);
    response.body = create_session(request, answer.log.time, answer.log);
    response.status = 201;
    if (outcome_is(Fault::Kind::empty)) response.body = Secret(R"({"credentialSet":[]})");
  } catch (const ErrorResponse& error) {
    set_json_error(answer, error, effects.retry_after);
  }
  if (outcome_is(Fault::Kind::broken)) response.body = Secret("this is not JSON\n");
  if (outcome_is(Fault::Kind::truncated)) response.truncate_after = response.body.size() / 2;
}

void Emulator::answer_get_caller_identity(const http::Request& request,
                                          const std::string& request_id, LoggedResponse& answer) {
  answer.response.headers.push_back({"Content-Type", "text/xml"});
  try {
    const auto find = [this](const std::string& access_key_id) {
      const std::scoped_lock lock(mutex_);
      return sessions_.find(access_key_id);
    };
    const auto session = verify_caller(request, find, answer.log.time);
    answer.log.access_key_id = session->access_key_id;
    answer.log.role = session->assumed_role_arn;
    answer.response.status = 200;
    answer.response.body = Secret(caller_identity_xml(*session, request_id));
  } catch (const ErrorResponse& error) {
    set_error(answer, error);
    answer.response.body = Secret(error_xml(error, request_id));
  }
}

LoggedResponse Emulator::handle(const http::Request& request,
                                std::chrono::system_clock::time_point now) {
  const bool sessions = request.method == "POST" && request.path == "/sessions";
  const bool sts = request.method == "POST" && request.path == "/";
  LoggedResponse answer;
  Effects effects;
  {
    const std::scoped_lock lock(mutex_);
    answer.log.time = std::chrono::floor<std::chrono::seconds>(now) + faults_.clock_offset();
    if (sessions) effects = faults_.next();
  }
  answer.log.peer = request.peer;
  answer.log.method = request.method;
  answer.log.path = request.path;
  const std::string request_id = random_uuid();
  answer.response.headers = {{"Date", http_date(answer.log.time)},
                             {"x-amzn-requestid", request_id}};
  if (!request.malformed.empty()) {
    answer.response.headers.push_back({"Content-Type", "application/json"});
    set_json_error(answer, ErrorResponse(400, "ValidationException",
                                         "the HTTP request is malformed: " + request.malformed));
  } else if (request.body_too_large) {
    answer.response.headers.push_back({"Content-Type", "application/json"});
    set_json_error(answer,
                   ErrorResponse(413, "RequestEntityTooLargeException", "the body is too large"));
  } else if (sessions) {
    answer_create_session(request, effects, answer);
  } else if (sts) {
    answer_get_caller_identity(request, request_id, answer);
  } else {
    answer.response.headers.push_back({"Content-Type", "application/json"});
    set_json_error(
        answer, ErrorResponse(404, "UnknownOperationException",
                              "there is no " + request.method + " " + request.path +
                                  "; this emulator has POST /sessions (CreateSession) and POST / "
                                  "(sts:GetCallerIdentity)"));
  }
  answer.log.status = answer.response.status;
  return answer;
}

}  // namespace rolecall::emulate
