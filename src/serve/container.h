// The container credentials endpoint (AWS SDKs and Tools Reference Guide, "Container credential
// provider").
#pragma once

#include "serve/answer.h"

namespace rolecall::serve {

inline constexpr std::string_view container_root = "/credentials/";

// A binding, and what whoever asks for its credentials must send as Authorization.
struct ContainerAccess {
  const Binding* binding;
  Secret token;
};

// Answers a request for a path below container_root: GET /credentials/BINDING. An unknown binding
// and a wrong token look the same.
Answer answer_container(const http::Request& request, const std::vector<ContainerAccess>& accesses,
                        aws::Instant now);

}  // namespace rolecall::serve
