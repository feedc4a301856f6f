#include "serve/request_log.h"

#include "base/text.h"

namespace rolecall::serve {
namespace {

constexpr unsigned lines_a_second = 20;
// While nobody reads the log, at most this many users and addresses are counted separately.
constexpr std::size_t max_users = 10000;
constexpr std::size_t max_path = 200;

// Escapes a path so that it can neither look like another field of the line nor control a terminal.
std::string escaped(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path.substr(0, max_path)) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_visible(c) && c != ',' && c != '"' && c != '\\') {
      text += c;
    } else {
      text += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return path.size() > max_path ? text + "…" : text;
}

std::string without_port(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

void RequestLog::note(const http::Request& request, const LoggedResponse& logged,
                      aws::Instant now) {
  const std::scoped_lock lock(mutex_);
  start_new_second(now.steady);
  const bool is_refusal = logged.credentials_of == nullptr;
  if (is_refusal && !take_line_for_refusal()) return;  // before the kernel is asked for the user
  const Client client{uid_of(request), request.peer};
  if (is_refusal) {
    note_refusal(request, logged, client);
  } else {
    note_grant(*logged.credentials_of, logged.route, client);
  }
}

void RequestLog::note_unreadable(int status, aws::Instant now) {
  const std::scoped_lock lock(mutex_);
  start_new_second(now.steady);
  if (!take_line_for_refusal()) return;
  const bool was_written = log_.warning(
      "refused a request",
      {{"status", std::to_string(status)}, {"reason", "the request is not valid HTTP"}});
  if (!was_written) ++refusals_without_line_;
}

std::string RequestLog::uid_of(const http::Request& request) {
  const auto user = users_.user_of(request);
  return user ? std::to_string(*user) : std::string();
}

bool RequestLog::take_line_for_refusal() {
  const bool has_line = refusals_ < lines_a_second;
  has_line ? ++refusals_ : ++refusals_without_line_;
  return has_line;
}

void RequestLog::tick(aws::Instant now) {
  const std::scoped_lock lock(mutex_);
  start_new_second(now.steady);
}

void RequestLog::start_new_second(Time now) {
  if (now - second_ < std::chrono::seconds(1)) return;
  second_ = now;
  refusals_ = 0;
  log_sums();
}

void RequestLog::log_sums() {
  for (auto entry = grants_.begin(); entry != grants_.end();) {
    const auto& [user, binding] = entry->first;
    Grants& grants = entry->second;
    const bool is_uid = only(user, ascii_digits);
    const bool was_written =
        grants.without_line == 0 ||
        log_.info("gave credentials", {{"binding", binding->name()},
                                       {"count", std::to_string(grants.without_line)},
                                       {"peer", is_uid ? "" : user},
                                       {"uid", is_uid ? user : ""}});
    grants.lines = 0;
    entry = was_written ? grants_.erase(entry) : std::next(entry);
  }
  if (refusals_without_line_ > 0 &&
      log_.warning("refused more requests", {{"count", std::to_string(refusals_without_line_)}})) {
    refusals_without_line_ = 0;
  }
}

void RequestLog::note_grant(const Binding& binding, std::string_view route, const Client& client) {
  std::string user = client.uid.empty() ? without_port(client.peer) : client.uid;
  if (grants_.size() >= max_users && !grants_.contains({user, &binding})) user = "others";
  Grants& grants = grants_[{std::move(user), &binding}];
  if (grants.lines < lines_a_second && log_.info("gave credentials", {{"binding", binding.name()},
                                                                      {"route", std::string(route)},
                                                                      {"peer", client.peer},
                                                                      {"uid", client.uid}})) {
    ++grants.lines;
  } else {
    ++grants.without_line;
  }
}

void RequestLog::note_refusal(const http::Request& request, const LoggedResponse& logged,
                              const Client& client) {
  const bool was_written =
      log_.warning("refused a request", {{"status", std::to_string(logged.response.status)},
                                         {"method", escaped(request.method)},
                                         {"path", escaped(request.path)},
                                         {"route", std::string(logged.route)},
                                         {"reason", logged.refusal_reason},
                                         {"peer", client.peer},
                                         {"uid", client.uid}});
  if (!was_written) ++refusals_without_line_;
}

}  // namespace rolecall::serve
