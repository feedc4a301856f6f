// The container credentials endpoint (AWS SDKs and Tools Reference Guide, "Container credential
// provider").
#pragma once

#include "serve/logged_response.h"

namespace rolecall::serve {

inline constexpr std::string_view container_root = "/credentials/";

// A binding, and the token that clients must send in the Authorization header to get its
// credentials.
struct ContainerAccess {
  const Binding* binding;
  Secret token;
};

// Answers a request for a path below container_root: GET /credentials/BINDING. The answers for an
// unknown binding and for a wrong token are the same.
LoggedResponse answer_container(const http::Request& request,
                                const std::vector<ContainerAccess>& accesses, aws::Instant now);

}  // namespace rolecall::serve
