#include "identity/spiffe/agent_error.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/codec.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::identity {
namespace {

constexpr const char* hint_for_absent_agent =
    "is the agent running? check the path in `certificate` or in SPIFFE_ENDPOINT_SOCKET";
constexpr const char* hint_for_other_server =
    "is this the socket of the Workload API? SPIRE's agent has others, such as that of its admin "
    "API";
constexpr const char* hint_for_log = "the log of the agent says more";

struct StatusMeaning {
  const char* name;
  const char* what;  // follows the name of the agent; nullptr: nothing special
  const char* hint;
  bool may_be_temporary;
};

// The index is the number of the status.
constexpr std::array<StatusMeaning, 17> statuses = {{
    {"OK", "ended the call without an identity", hint_for_log, true},
    {"CANCELLED", nullptr, hint_for_log, true},
    {"UNKNOWN", nullptr, hint_for_log, true},
    {"INVALID_ARGUMENT", "refuses the request as malformed", hint_for_other_server, false},
    {"DEADLINE_EXCEEDED", nullptr, hint_for_log, true},
    {"NOT_FOUND", nullptr, hint_for_other_server, false},
    {"ALREADY_EXISTS", nullptr, hint_for_log, false},
    {"PERMISSION_DENIED", "has no identity for this process",
     "no identity is registered for this process yet: agents look at its user, its program and its "
     "container; ask who runs SPIRE, or look at spire-server entry show",
     true},
    {"RESOURCE_EXHAUSTED", nullptr, hint_for_log, true},
    {"FAILED_PRECONDITION", nullptr, hint_for_log, false},
    {"ABORTED", nullptr, hint_for_log, true},
    {"OUT_OF_RANGE", nullptr, hint_for_log, false},
    {"UNIMPLEMENTED", "does not give X.509-SVIDs", hint_for_other_server, false},
    {"INTERNAL", nullptr, hint_for_log, true},
    {"UNAVAILABLE", "is not available at the moment",
     "the agent may still be starting, or cannot reach its server; its log says more", true},
    {"DATA_LOSS", nullptr, hint_for_log, false},
    {"UNAUTHENTICATED", nullptr, hint_for_log, false},
}};

// What the agent itself says, made short.
std::string words_of_agent(std::string_view message) {
  constexpr std::size_t longest = 200;
  if (message.empty()) return {};
  return cat(" (it says: ", terminal_safe(message.substr(0, longest)),
             message.size() > longest ? "…" : "", ")");
}

Error status_error(const std::string& agent, const http::GrpcEnd& end) {
  const auto number = static_cast<std::size_t>(end.status);
  if (end.status < 0 || number >= statuses.size()) {
    return {ErrorKind::failed, cat(agent, " failed with the unknown gRPC status ", end.status),
            hint_for_other_server};
  }
  const StatusMeaning& meaning = statuses.at(number);
  const std::string what = meaning.what != nullptr
                               ? std::string(meaning.what)
                               : cat("failed with the gRPC status ", meaning.name);
  return {meaning.may_be_temporary ? ErrorKind::try_later : ErrorKind::failed,
          cat(agent, " ", what, words_of_agent(end.message)), meaning.hint};
}

Error connection_error(const SpiffeSource& source, const http::GrpcEnd& end) {
  const std::string agent = agent_name(source);
  if (source.socket.empty()) {
    return {ErrorKind::try_later,
            cat("cannot connect to ", agent,
                end.os_error == 0 ? "" : cat(": ", std::strerror(end.os_error))),
            hint_for_absent_agent};
  }
  struct stat info {};
  const int error = stat(source.socket.c_str(), &info) == 0 ? end.os_error : errno;
  if (error == ENOENT || error == ENOTDIR) {
    return {ErrorKind::try_later, cat(agent, " cannot be found"), hint_for_absent_agent};
  }
  if (error == EACCES) {
    return {ErrorKind::usage, cat("this user may not connect to ", agent),
            cat("let this user read and write ", source.socket, " and search its directories")};
  }
  if (!S_ISSOCK(info.st_mode) && error != EPERM) {
    return {ErrorKind::usage, cat(agent, " is not a socket"), hint_for_absent_agent};
  }
  return {ErrorKind::try_later,
          cat("cannot connect to ", agent, ": ",
              error == 0 || error == ECONNREFUSED ? "no program listens on this socket"
                                                  : std::strerror(error)),
          "is the agent running? The socket may be left from one that has ended"};
}

}  // namespace

std::string agent_name(const SpiffeSource& source) {
  return "SPIFFE agent " + source.endpoint();
}

Error unusable_answer_error(const SpiffeSource& source, const Error& why) {
  return {ErrorKind::failed,
          cat("the answer of ", agent_name(source), " cannot be used: ", why.what()),
          why.hint().empty() ? hint_for_other_server : why.hint()};
}

Error agent_error(const SpiffeSource& source, const http::GrpcEnd& end) {
  const std::string agent = agent_name(source);
  switch (end.how) {
    case http::GrpcEnd::How::status:
      return status_error(agent, end);
    case http::GrpcEnd::How::no_connection:
      return connection_error(source, end);
    case http::GrpcEnd::How::no_grpc:
      return {ErrorKind::failed, cat(agent, " does not speak gRPC: HTTP status ", end.http_status),
              hint_for_other_server};
    case http::GrpcEnd::How::no_answer:
      return {ErrorKind::try_later, agent + " gave no complete answer in HTTP/2",
              "is this the socket of the Workload API? If so, the log of the agent says more"};
    case http::GrpcEnd::How::bad_message:
      return unusable_answer_error(source, *end.problem);
    case http::GrpcEnd::How::closed:
      break;
  }
  return {ErrorKind::try_later, cat(agent, " closed the connection"), hint_for_log};
}

Error silent_agent_error(const SpiffeSource& source, std::chrono::milliseconds limit) {
  return {ErrorKind::try_later,
          cat(agent_name(source), " did not answer within ", seconds_text(limit)),
          "the agent may be overloaded, or cannot reach its server; its log says more"};
}

}  // namespace rolecall::identity
