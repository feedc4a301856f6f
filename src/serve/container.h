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

// The binding of a path below container_root, such as "/credentials/BINDING"; nullptr if there is
// none.
const ContainerAccess* find_access(const std::vector<ContainerAccess>& accesses,
                                   std::string_view path);

// Answers a request for a path below container_root. `access`: what find_access has found. The
// answers for an unknown binding and for a wrong token are the same.
LoggedResponse answer_container(const http::Request& request, const ContainerAccess* access,
                                aws::Instant now);

}  // namespace rolecall::serve
