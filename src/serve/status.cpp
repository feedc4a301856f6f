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
  json without = json::array();
  for (const Binding* binding : bindings) {
    if (!binding->status()->valid(now)) without.push_back(binding->name());
  }
  json body = {{"status", "ok"}};
  if (!without.empty()) body = {{"status", "no valid credentials"}, {"bindings", without}};
  for (const Binding* binding : bindings) {
    if (const auto silent = binding->silent_hardware())
      body["waits"][binding->name()] = silent_hardware_text(*silent);
  }
  return json_response("health", without.empty() ? 200 : 503, Secret(to_text(body)));
}

LoggedResponse answer_metrics(const std::vector<const Binding*>& bindings,
                              const RequestCounts& requests, aws::Instant now) {
  const auto today = std::chrono::floor<seconds>(now.wall);
  std::vector<std::pair<std::string, std::shared_ptr<const BindingStatus>>> all;
  all.reserve(bindings.size());
  for (const Binding* binding : bindings) {
    all.emplace_back("binding=" + label(binding->name()), binding->status());
  }
  Page page;
  page.metric("rolecall_credentials_expiry_seconds", "gauge",
              "Time until the credentials expire; negative if they have expired");
  for (const auto& [binding, status] : all) {
    if (status->issued) page.sample(binding, (status->issued->expiration - today).count());
  }
  page.metric("rolecall_certificate_expiry_seconds", "gauge",
              "Time until a certificate of the identity expires");
  for (const auto& [binding, status] : all) {
    for (const CertificateStatus& certificate : status->certificates) {
      page.sample(
          binding + ",place=" + label(certificate.place) + ",subject=" + label(certificate.subject),
          (certificate.not_after - today).count());
    }
  }
  page.metric("rolecall_certificate_rejected", "gauge",
              "1 while the files hold a certificate and key that cannot be used or are refused, "
              "and those from before are in use");
  for (const auto& [binding, status] : all) {
    page.sample(binding, status->rotation_failure.empty() ? 0 : 1);
  }
  page.metric("rolecall_hardware_silent_seconds", "gauge",
              "How long a renewal waits for a token or TPM that does not answer; 0: none does");
  for (const Binding* binding : bindings) {
    const auto silent = binding->silent_hardware();
    page.sample("binding=" + label(binding->name()), silent ? silent->time.count() : 0);
  }
  page.metric("rolecall_last_success_timestamp_seconds", "gauge",
              "When the last renewal succeeded; 0: never");
  for (const auto& [binding, status] : all) {
    page.sample(binding, status->last_success.time_since_epoch().count());
  }
  page.metric("rolecall_renewals_total", "counter", "Renewals that succeeded");
  for (const auto& [binding, status] : all) {
    page.sample(binding, static_cast<long long>(status->renewed));
  }
  page.metric(
      "rolecall_renewal_failures_total", "counter",
      "Renewals that failed: refused by the service, because files or options cannot be used "
      "(setup), or for now (unreachable)");
  for (const auto& [binding, status] : all) {
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
