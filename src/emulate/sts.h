// sts:GetCallerIdentity, with which users can try the credentials of the emulator (AWS STS API
// reference: the query protocol with SigV4).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "emulate/error_response.h"
#include "emulate/sessions.h"
#include "http/message.h"

namespace rolecall::emulate {

using FindSession = std::function<std::shared_ptr<const Session>(const std::string& access_key_id)>;

// Checks the action, the signature and the session token, and returns the caller's session. Throws
// ErrorResponse with the error codes of STS: InvalidAction, MissingAuthenticationToken,
// IncompleteSignature, InvalidClientTokenId, ExpiredToken, SignatureDoesNotMatch.
std::shared_ptr<const Session> verify_caller(const http::Request& request, const FindSession& find,
                                             std::chrono::sys_seconds now);

// The XML bodies of a successful response and of an error.
std::string caller_identity_xml(const Session& session, const std::string& request_id);
std::string error_xml(const ErrorResponse& error, const std::string& request_id);

}  // namespace rolecall::emulate
