#include "serve/service.h"

#include "base/codec.h"
#include "base/time.h"
#include "serve/guard.h"
#include "serve/imds.h"

namespace rolecall::serve {

namespace {

constexpr std::size_t key_size = 32;

// If the URL that an SDK was given ends in a slash, the SDK asks for "//latest/…". Some SDKs add a
// slash at the end.
std::string plain_path(const std::string& path) {
  const std::size_t begin = path.find_first_not_of('/');
  if (begin == std::string::npos) return "/";
  const std::size_t end = path.size() - (path.back() == '/' ? 1 : 0);
  return "/" + path.substr(begin, end - begin);
}

}  // namespace

Service::Service(ServiceOptions options, const Log& log)
    : options_(std::move(options)),
      users_(options_.address),
      request_log_(log, users_),
      tokens_(options_.imds != nullptr && options_.imds_key.empty() ? random_hex(key_size)
                                                                    : std::move(options_.imds_key),
              this_boot()) {}

http::Response Service::handle(const http::Request& request, aws::Instant now) {
  LoggedResponse logged = route(request, now);
  count(logged.route, logged.response.status);
  if (logged.credentials_of != nullptr || !logged.refusal_reason.empty())
    request_log_.note(request, logged, now);
  logged.response.headers.push_back({"Date", date(now)});
  return std::move(logged.response);
}

http::Response Service::handle_status(const http::Request& request, aws::Instant now) {
  const auto refused = reason_to_refuse_form(request);
  LoggedResponse logged = refused
                              ? error_response("guard", refused->status, "Refused", refused->reason)
                              : route_status(request, plain_path(request.path), now);
  logged.response.close = refused.has_value();
  count(logged.route, logged.response.status);
  logged.response.headers.push_back(
      {"Date", http_date(std::chrono::floor<std::chrono::seconds>(now.wall))});
  return std::move(logged.response);
}

void Service::count(std::string_view route, int status) {
  const std::scoped_lock lock(counts_mutex_);
  ++counts_[{route, status}];
}

void Service::note_unreadable(int status, aws::Instant now) noexcept {
  try {
    count("unreadable", status);
    request_log_.note_unreadable(status, now);
  } catch (const std::exception&) {
    return;  // no memory for a log line
  }
}

LoggedResponse Service::route(const http::Request& request, aws::Instant now) {
  if (const auto refused =
          reason_to_refuse(request, options_.address.address, options_.host_names)) {
    LoggedResponse logged = error_response("guard", refused->status, "Refused", refused->reason);
    logged.response.close = true;
    return logged;
  }
  std::string path = plain_path(request.path);
  if (path == request.path) return route_plain(request, now);
  http::Request plain = request;
  plain.path = std::move(path);
  return route_plain(plain, now);
}

LoggedResponse Service::route_plain(const http::Request& request, aws::Instant now) {
  const std::string& path = request.path;
  if (path.starts_with(imds_root)) {
    if (options_.imds != nullptr) {
      if (auto refusal = refusal_of_user(request, *options_.imds)) return std::move(*refusal);
      return answer_imds(request, *options_.imds, tokens_, now);
    }
    return error_response(
        "imds/off", 404, "NotFound",
        "instance metadata is off" +
            (options_.reason_imds_is_off.empty() ? "" : ": " + options_.reason_imds_is_off));
  }
  if (path.starts_with(container_root)) {
    const ContainerAccess* access = find_access(options_.containers, path);
    if (access != nullptr) {
      if (auto refusal = refusal_of_user(request, *access->binding)) return std::move(*refusal);
    }
    return answer_container(request, access, now);
  }
  return route_status(request, path, now);
}

LoggedResponse Service::route_status(const http::Request& request, const std::string& path,
                                     aws::Instant now) const {
  const bool health = path == "/healthz";
  if (health || path == "/metrics") {
    if (request.method != "GET") return method_not_allowed(health ? "health" : "metrics", "GET");
    if (health) return answer_health(options_.bindings, now);
    const std::scoped_lock lock(counts_mutex_);
    return answer_metrics(options_.bindings, counts_, now);
  }
  return error_response("other", 404, "NotFound", "there is nothing at this path");
}

// Called before a token is compared or issued.
std::optional<LoggedResponse> Service::refusal_of_user(const http::Request& request,
                                                       const Binding& binding) {
  const std::vector<uid_t>& allowed = binding.options().allowed_users;
  if (allowed.empty()) return std::nullopt;
  const auto refused = reason_to_refuse_user(allowed, users_.user_of(request));
  if (!refused) return std::nullopt;
  LoggedResponse logged = error_response("user", refused->status, "Refused", refused->reason);
  logged.response.close = true;
  return logged;
}

const std::string& Service::date(aws::Instant now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now.wall);
  if (second != date_second_ || date_.empty()) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

}  // namespace rolecall::serve
