#include "serve/container.h"

#include <algorithm>

namespace rolecall::serve {

Answer answer_container(const http::Request& request, const std::vector<ContainerAccess>& accesses,
                        aws::Instant now) {
  const char* route = "container";
  if (request.method != "GET") return method_not_allowed(route, "GET");
  const std::string_view name = std::string_view(request.path).substr(container_root.size());
  const std::string* token = http::find(request.headers, "authorization");
  const auto access = std::find_if(
      accesses.begin(), accesses.end(),
      [&](const ContainerAccess& candidate) { return candidate.binding->name() == name; });
  if (token == nullptr || access == accesses.end() || !access->token.equals(*token)) {
    return refusal(route, 401, "Unauthorized",
                   token == nullptr
                       ? "the request has no Authorization; rolecall env prints how to get it"
                       : "there is no binding of this name with this Authorization");
  }
  const Binding& binding = *access->binding;
  const auto status = binding.status();
  if (!status->valid(now)) return no_credentials(route, binding, *status, now);
  Answer answer = json_answer(route, 200, {});
  answer.response.shared_body = status->issued->container;
  answer.given = &binding;
  return answer;
}

}  // namespace rolecall::serve
