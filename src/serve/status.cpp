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

// What the metrics say about one binding, and at which time.
struct Subject {
  const Binding& binding;
  std::shared_ptr<const BindingStatus> status;
  std::string labels;
  std::chrono::sys_seconds now;

  long long seconds_until(std::chrono::sys_seconds end) const { return (end - now).count(); }
};

struct Metric {
  const char* name;
  const char* type;
  const char* help;
  void (*add_samples)(Page& page, const Subject& of);
};

constexpr std::array<Metric, 8> metrics_of_bindings = {{
    {"rolecall_credentials_expiry_seconds", "gauge",
     "Time until the credentials expire; negative if they have expired",
     [](Page& page, const Subject& of) {
       const auto& issued = of.status->issued;
       if (issued) page.sample(of.labels, of.seconds_until(issued->expiration));
     }},
    {"rolecall_certificate_expiry_seconds", "gauge",
     "Time until a certificate of the identity expires",
     [](Page& page, const Subject& of) {
       for (const CertificateStatus& one : of.status->certificates)
         page.sample(
             of.labels + ",certificate=" + label(one.position) + ",subject=" + label(one.subject),
             of.seconds_until(one.not_after));
     }},
    {"rolecall_certificate_rejected", "gauge",
     "1 if the files contain a certificate or key that cannot be used or that the service "
     "refused, otherwise 0",
     [](Page& page, const Subject& of) {
       page.sample(of.labels, of.status->rotation_failure.empty() ? 0 : 1);
     }},
    {"rolecall_fallback_in_use", "gauge",
     "1 if the current credentials come from this fallback of the binding, otherwise 0",
     [](Page& page, const Subject& of) {
       for (const BindingOptions& one : of.binding.options().fallbacks)
         page.sample(of.labels + ",fallback=" + label(one.name),
                     of.status->answered_by == one.name ? 1 : 0);
     }},
    {"rolecall_hardware_silent_seconds", "gauge",
     "How long a token or TPM has not answered a renewal; 0 if no renewal waits for one",
     [](Page& page, const Subject& of) {
       const auto silent = of.binding.silent_hardware();
       page.sample(of.labels, silent ? silent->silent_for.count() : 0);
     }},
    {"rolecall_last_success_timestamp_seconds", "gauge",
     "Time of the last successful renewal; 0 if there was none",
     [](Page& page, const Subject& of) {
       page.sample(of.labels, of.status->last_success.time_since_epoch().count());
     }},
    {"rolecall_renewals_total", "counter", "Renewals that succeeded",
     [](Page& page, const Subject& of) {
       page.sample(of.labels, static_cast<long long>(of.status->renewed));
     }},
    {"rolecall_renewal_failures_total", "counter",
     "Renewals that failed, by reason: refused (by the service), setup (files or options), "
     "unreachable (failures that may pass)",
     [](Page& page, const Subject& of) {
       for (std::size_t kind = 1; kind < reasons.size(); ++kind)
         page.sample(of.labels + ",reason=" + label(reasons[kind]),
                     static_cast<long long>(of.status->failed[kind]));
     }},
}};

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
  std::vector<Subject> subjects;
  subjects.reserve(bindings.size());
  for (const Binding* binding : bindings) {
    subjects.push_back({*binding, binding->status(), "binding=" + label(binding->name()),
                        std::chrono::floor<seconds>(now.wall)});
  }
  Page page;
  for (const Metric& metric : metrics_of_bindings) {
    page.metric(metric.name, metric.type, metric.help);
    for (const Subject& subject : subjects)
      metric.add_samples(page, subject);
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
