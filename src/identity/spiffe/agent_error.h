// Explains to a person why a SPIFFE agent has given nothing.
#pragma once

#include <chrono>
#include <string>

#include "base/spiffe_source.h"
#include "http/grpc_call.h"
#include "rolecall/error.h"

namespace rolecall::identity {

// The numbers of gRPC (gRPC, "Status codes and their use") that mean something in the Workload API
// (SPIFFE Workload API, 4.3 and 5).
inline constexpr int grpc_invalid_argument = 3;
inline constexpr int grpc_permission_denied = 7;
inline constexpr int grpc_unimplemented = 12;
inline constexpr int grpc_unavailable = 14;

// For messages: "SPIFFE agent unix:///run/spire/agent.sock".
std::string agent_name(const SpiffeSource& source);

// The agent has sent something that cannot be used; `why` continues a sentence.
Error unusable_answer_error(const SpiffeSource& source, const Error& why);

// Why the call has ended.
Error agent_error(const SpiffeSource& source, const http::GrpcEnd& end);

// The agent has sent nothing in this time.
Error silent_agent_error(const SpiffeSource& source, std::chrono::milliseconds limit);

}  // namespace rolecall::identity
