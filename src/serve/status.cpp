#include "serve/status.h"

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"

namespace rolecall::serve {
namespace {

using std::chrono::seconds;

// Indexed by ErrorKind.
constexpr std::array<const char*, 4> reasons = {"", "refused", "setup", "unreachable"};

// The value of a label. Backslash, quote and line feed must be escaped.
std::string label(std::string_view value) {
  std::string text;
  for (const char c : terminal_safe(value)) {
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return "\"" + text + "\"";
}

class Page {
 public:
  void metric(std::string_view name, const char* type, const char* help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  void sample(const std::string& labels, long long value) {
    text_ += cat(name_, "{", labels, "} ", value, "\n");
  }
  const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace

LoggedResponse answer_health(const std::vector<const Binding*>& bindings, aws::Instant now) {
  json without_credentials = json::array();
  for (const Binding* binding : bindings) {
    if (!binding->status()->valid(now)) without_credentials.push_back(binding->name());
  }
  json body = {{"status", "ok"}};
  if (!without_credentials.empty())
    body = {{"status", "no valid credentials"}, {"bindings", without_credentials}};
  for (const Binding* binding : bindings) {
    if (const auto silent = binding->silent_hardware())
      body["waits"][binding->name()] = silent_hardware_text(*silent);
  }
  return json_response("health", without_credentials.empty() ? 200 : 503, Secret(to_text(body)));
}

LoggedResponse answer_metrics(const std::vector<const Binding*>& bindings,
                              const RequestCounts& requests, aws::Instant now) {
  const auto today = std::chrono::floor<seconds>(now.wall);
  std::vector<std::pair<std::string, std::shared_ptr<const BindingStatus>>> statuses;
  statuses.reserve(bindings.size());
  for (const Binding* binding : bindings) {
    statuses.emplace_back("binding=" + label(binding->name()), binding->status());
  }
  Page page;
  page.metric("rolecall_credentials_expiry_seconds", "gauge",
              "Time until the credentials expire; negative if they have expired");
  for (const auto& [binding, status] : statuses) {
    if (status->issued) page.sample(binding, (status->issued->expiration - today).count());
  }
  page.metric("rolecall_certificate_expiry_seconds", "gauge",
              "Time until a certificate of the identity expires");
  for (const auto& [binding, status] : statuses) {
    for (const CertificateStatus& certificate : status->certificates) {
      page.sample(binding + ",certificate=" + label(certificate.position) +
                      ",subject=" + label(certificate.subject),
                  (certificate.not_after - today).count());
    }
  }
  page.metric("rolecall_certificate_rejected", "gauge",
              "1 if the files contain a certificate or key that cannot be used or that the service "
              "refused, otherwise 0");
  for (const auto& [binding, status] : statuses) {
    page.sample(binding, status->rotation_failure.empty() ? 0 : 1);
  }
  page.metric("rolecall_hardware_silent_seconds", "gauge",
              "How long a token or TPM has not answered a renewal; 0 if no renewal waits for one");
  for (const Binding* binding : bindings) {
    const auto silent = binding->silent_hardware();
    page.sample("binding=" + label(binding->name()), silent ? silent->silent_for.count() : 0);
  }
  page.metric("rolecall_last_success_timestamp_seconds", "gauge",
              "Time of the last successful renewal; 0 if there was none");
  for (const auto& [binding, status] : statuses) {
    page.sample(binding, status->last_success.time_since_epoch().count());
  }
  page.metric("rolecall_renewals_total", "counter", "Renewals that succeeded");
  for (const auto& [binding, status] : statuses) {
    page.sample(binding, static_cast<long long>(status->renewed));
  }
  page.metric(
      "rolecall_renewal_failures_total", "counter",
      "Renewals that failed, by reason: refused (by the service), setup (files or options), "
      "unreachable (failures that may pass)");
  for (const auto& [binding, status] : statuses) {
    for (std::size_t kind = 1; kind < reasons.size(); ++kind) {
      page.sample(binding + ",reason=" + label(reasons[kind]),
                  static_cast<long long>(status->failed[kind]));
    }
  }
  page.metric("rolecall_requests_total", "counter", "Requests answered");
  for (const auto& [key, count] : requests) {
    page.sample(cat("route=", label(key.first), ",status=\"", key.second, "\""),
                static_cast<long long>(count));
  }
  LoggedResponse logged = text_response("metrics", 200, page.text());
  logged.response.headers.front().value = "text/plain; version=0.0.4";
  return logged;
}

}  // namespace rolecall::serve
