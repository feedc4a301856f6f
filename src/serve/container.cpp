#include "serve/container.h"

#include <algorithm>

namespace rolecall::serve {

const ContainerAccess* find_access(const std::vector<ContainerAccess>& accesses,
                                   std::string_view path) {
  const std::string_view name = path.substr(container_root.size());
  const auto access = std::find_if(
      accesses.begin(), accesses.end(),
      [&](const ContainerAccess& candidate) { return candidate.binding->name() == name; });
  return access == accesses.end() ? nullptr : &*access;
}

LoggedResponse answer_container(const http::Request& request, const ContainerAccess* access,
                                aws::Instant now) {
  const char* route = "container";
  if (request.method != "GET") return method_not_allowed(route, "GET");
  const std::string* token = http::find(request.headers, "authorization");
  if (token == nullptr || access == nullptr || !access->token.equals(*token)) {
    return error_response(route, 401, "Unauthorized",
                          token == nullptr
                              ? "the request has no Authorization header; rolecall env prints the "
                                "variables that SDKs need"
                              : "there is no binding with this name and this Authorization header");
  }
  const Binding& binding = *access->binding;
  const auto status = binding.status();
  if (!status->valid(now)) return no_credentials(route, binding, *status, now);
  LoggedResponse logged = json_response(route, 200, {});
  logged.response.shared_body = status->issued->container;
  logged.credentials_of = &binding;
  return logged;
}

}  // namespace rolecall::serve
