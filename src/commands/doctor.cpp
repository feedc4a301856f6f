// rolecall doctor: checks everything that a session needs, and says what to do.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <memory>

#include "base/process.h"
#include "base/text.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "commands/doctor.h"
#include "commands/doctor_report.h"
#include "doctor/arns.h"
#include "doctor/certificate.h"
#include "doctor/key.h"
#include "doctor/session.h"
#include "identity/chain.h"
#include "identity/hardware/hardware.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/password.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using doctor::Check;

constexpr const char* checks_group = "Checks";
constexpr std::array<Option, 6> doctor_options = {{
    {.name = "profile",
     .group = checks_group,
     .value = "NAME",
     .help = "Check the credential_process of this profile in ~/.aws/config, of rolecall or of "
             "aws_signing_helper, and what takes precedence over it.",
     .chooses_settings = true},
    {.name = "trust-anchor",
     .kind = Kind::path,
     .group = checks_group,
     .value = "FILE",
     .help = "A PEM file with the CA certificate of the trust anchor. The chain is checked up to "
             "this certificate."},
    {.name = "offline",
     .kind = Kind::toggle,
     .group = checks_group,
     .help = "Skip the checks that need the network: clock, network, session, identity, "
             "fallbacks and services."},
    {.name = "scan",
     .kind = Kind::directory,
     .group = checks_group,
     .value = "DIR",
     .help = "Search all files in this directory for static keys. Links are not followed, and "
             "large and binary files are skipped."},
    {.name = "warn-days",
     .kind = Kind::number,
     .group = checks_group,
     .value = "DAYS",
     .help = "Warn if the certificate expires within this time.",
     .default_value = "45",
     .minimum = 0,
     .maximum = 3650},
    {.name = "format",
     .kind = Kind::choice,
     .group = output_group,
     .help = "Lines for people, or JSON for programs.",
     .default_value = "text",
     .choices = "text|json"},
}};

// The options of doctor itself.
struct DoctorOptions {
  bool offline;
  std::string scan;
  Source trust_anchor;
  long warn_days;
};

// A check, and whether it runs with --offline. `needs_options` says that it needs the options of
// credential-process.
struct Step {
  const char* id;
  bool is_offline;
  bool needs_options;
  Check (*run)(Examination& examination, const DoctorOptions& options);
  // Whether the report has this check. nullptr: it always has.
  bool (*is_wanted)(const Examination& examination) = nullptr;
};

bool is_wanted(const Step& step, const Examination& examination) {
  return step.is_wanted == nullptr || step.is_wanted(examination);
}

Check run_key(Examination& examination, const DoctorOptions& /*options*/) {
  Deadline deadline(examination.flags->session.timeout);
  examination.material = doctor::load_material(examination.flags->identity, examination.now,
                                               examination.reporter, deadline);
  return doctor::check_key(examination.material, examination.flags->identity);
}

// The variable of the proxy for https; empty if none is set.
std::string proxy_variable() {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    if (!environment(name).empty()) return name;
  return {};
}

constexpr const char* no_endpoint = "the endpoint is not known (see arns)";

// The result of the network is needed first. It is shown later.
Check run_clock(Examination& examination, const DoctorOptions& /*options*/) {
  if (!examination.request) return doctor::skipped("clock", no_endpoint);
  examination.reach =
      doctor::reach(*examination.request, examination.flags->session, examination.reporter);
  return doctor::check_clock(*examination.reach);
}

Check run_network(Examination& examination, const DoctorOptions& /*options*/) {
  if (!examination.reach) return doctor::skipped("network", no_endpoint);
  return doctor::check_network(*examination.reach, *examination.request, examination.flags->session,
                               proxy_variable());
}

std::chrono::seconds clock_difference(const Examination& examination) {
  // The service accepts small differences, and the time of an answer is a little old.
  const auto difference = examination.reach->clock_difference.value_or(std::chrono::seconds(0));
  return std::chrono::abs(difference) < std::chrono::seconds(60) ? std::chrono::seconds(0)
                                                                 : difference;
}

Check run_session(Examination& examination, const DoctorOptions& /*options*/) {
  const auto skip = [](const char* why) { return doctor::skipped("session", why); };
  doctor::Material& material = examination.material;
  if (!examination.request) return skip(no_endpoint);
  if (material.certificate_error) return skip("the certificate cannot be used (see certificate)");
  if (!material.matches) return skip("the key cannot be used (see key)");
  if (!material.leaf->valid_at(examination.now + clock_difference(examination)))
    return skip("the certificate is not valid now (see certificate)");
  if (!examination.reach || examination.reach->error)
    return skip("there is no trusted answer of the endpoint (see network)");
  const identity::Identity identity{
      *material.leaf,
      identity::order_chain(*material.leaf, material.certificates, examination.now, {}),
      std::move(material.signer)};
  return doctor::check_session(*examination.request, examination.flags->session, identity,
                               clock_difference(examination), examination.reporter,
                               examination.credentials);
}

Check run_identity(Examination& examination, const DoctorOptions& /*options*/) {
  if (!examination.credentials)
    return doctor::skipped("identity", "there is no session (see session)");
  return doctor::check_identity(*examination.request, examination.flags->session,
                                *examination.credentials, clock_difference(examination),
                                examination.reporter);
}

constexpr std::array<Step, 14> steps = {{
    {"inputs", true, false, [](Examination& e, const DoctorOptions&) { return check_inputs(e); }},
    {"key", true, true, run_key},
    {"certificate", true, true,
     [](Examination& e, const DoctorOptions& options) {
       return doctor::check_certificate(e.material, e.flags->session, e.now, options.warn_days);
     }},
    {"tags", true, true,
     [](Examination& e, const DoctorOptions&) { return doctor::check_tags(e.material); }},
    {"chain", true, true,
     [](Examination& e, const DoctorOptions& options) {
       return doctor::check_chain(e.material, options.trust_anchor, e.now);
     }},
    {"arns", true, true,
     [](Examination& e, const DoctorOptions&) {
       return doctor::check_arns(e.flags->session, e.request);
     }},
    {"clock", false, true, run_clock},
    {"network", false, true, run_network},
    {"session", false, true, run_session},
    {"identity", false, true, run_identity},
    {"fallbacks", false, true,
     [](Examination& e, const DoctorOptions&) { return check_fallbacks(e); }, has_fallbacks},
    {"precedence", true, false,
     [](Examination& e, const DoctorOptions&) { return check_precedence(e); }},
    {"static-keys", true, false,
     [](Examination&, const DoctorOptions& options) { return check_static_keys(options.scan); }},
    {"services", false, false,
     [](Examination& e, const DoctorOptions&) { return check_services(e); }},
}};

Check run_step(const Step& step, Examination& examination, const DoctorOptions& options) {
  if (options.offline && !step.is_offline) return doctor::skipped(step.id, "--offline");
  if (step.needs_options && !examination.flags)
    return doctor::skipped(step.id, "the options cannot be used (see inputs)");
  examination.reporter.trace([&] {
    return cat("check ", step.id,
               examination.binding.empty() ? "" : " of binding " + examination.binding);
  });
  try {
    return step.run(examination, options);
  } catch (const Error& error) {
    doctor::Findings findings;
    findings.fail(error);
    return findings.check(step.id);
  }
}

// A password is asked for once, even if it is needed again for a second signature; and one that a
// person types, also for other bindings. A wrong one is asked for again, but not that of hardware,
// which counts wrong ones.
class AskedOnce {
 public:
  PasswordSource wrap(PasswordSource source, const std::string& binding) {
    if (!source) return source;
    return [this, ask = std::move(source), binding](const PasswordRequest& request) {
      const std::string of_binding = cat(binding, "\n", request.what);
      if (request.attempt == 1 && request.accepted_by.empty() &&
          request.tries_left != TriesLeft::one) {
        for (const std::string& key : {of_binding, request.what})
          if (const auto known = known_.find(key); known != known_.end())
            return known->second.copy();
      }
      if (request.attempt > 1) refuse_second_try(request);
      Secret password = ask(request);
      known_.insert_or_assign(was_typed(request) ? request.what : of_binding, password.copy());
      return password;
    };
  }

 private:
  static bool was_typed(const PasswordRequest& request) {
    const std::vector<std::string>& typed = typed_passwords();
    return std::find(typed.begin(), typed.end(), request.what) != typed.end();
  }

  // Any other source than a person refuses a second try itself, and says where the PIN came from.
  static void refuse_second_try(const PasswordRequest& request) {
    if (request.kind == PasswordKind::file || !was_typed(request)) return;
    throw Error(
        ErrorKind::usage,
        cat("wrong ", request.kind == PasswordKind::pin ? "PIN" : "password", " for ", request.what,
            identity::tries_text(request.tries_left)),
        "doctor tries only one, because hardware locks itself after a few wrong ones: find out the "
        "right one, and run doctor again");
  }

  std::map<std::string, Secret> known_;
};

// Nothing can end a call into a driver that hangs. So the report then ends with that result.
void report_if_hardware_hangs(DoctorReport& report, std::size_t step,
                              const Examination& examination) {
  const std::chrono::milliseconds limit = examination.flags->session.timeout;
  limit_hardware_waits(limit, LimitOf::all_calls, [&, step](const SilentHardware& silent) {
    doctor::Findings findings;
    findings.fail(silent.text(), identity::hint_for_silent_hardware);
    report.add(findings.check(steps.at(step).id));
    for (std::size_t rest = step + 1; rest < steps.size(); ++rest)
      if (is_wanted(steps.at(rest), examination))
        report.add(doctor::skipped(steps.at(rest).id, cat("see ", steps.at(step).id)));
    report.finish();
    _exit(1);
  });
}

void run_doctor(const Settings& own, const CommandLine& given) {
  const DoctorOptions options{own.is_on("offline"), own.text("scan"), own.text("trust-anchor"),
                              own.number("warn-days")};
  if (!options.scan.empty() && access(options.scan.c_str(), R_OK) != 0) {
    throw Error(ErrorKind::usage, cat("cannot search ", options.scan, ": ", std::strerror(errno)),
                "with `scan`, name a directory that this user can read");
  }
  CommandLine line;
  std::deque<Examination> all = examinations_of(own, given, line);
  DoctorReport report(own.text("format") == "json", all.size() > 1);
  // By default, the TPM's library writes to standard error what our messages already say.
  set_for_this_process_only("TSS2_LOG", "all+none");
  identity::send_only_one_wrong_pin();
  AskedOnce passwords;
  for (Examination& examination : all) {
    report.begin(examination.binding);
    if (examination.settings) examination.reporter.debug = examination.settings->reporter().debug;
    for (std::size_t step = 0; step < steps.size(); ++step) {
      if (!is_wanted(steps.at(step), examination)) continue;
      if (examination.flags) report_if_hardware_hangs(report, step, examination);
      report.add(run_step(steps.at(step), examination, options));
      if (step == 0 && examination.flags) {
        PasswordSource& password = examination.flags->identity.password;
        password = passwords.wrap(std::move(password), examination.binding);
      }
    }
  }
  const doctor::Status worst = report.finish();
  // Nothing is cleaned up: a driver could hang while a token is closed.
  end_process(worst == doctor::Status::fail ? 1 : 0);
}

}  // namespace

constinit const Command doctor_command = {
    .name = "doctor",
    .summary = "Check everything that credentials need",
    .description =
        "This command checks the options, the key, the certificate, the network, the service and "
        "what else can be wrong, and prints a line for each check: ok, warn, FAIL or skip. Below "
        "warn and FAIL, a hint says what to do. Without options for a certificate, it checks all "
        "bindings of the configuration file.",
    .footer =
        "Examples:\n"
        "  rolecall doctor --binding billing\n"
        "  rolecall doctor --profile billing\n"
        "  rolecall doctor --offline --format json --warn-days 30",
    .options = {doctor_options, all_session_options, cache_options, configuration_options,
                binding_option},
    .run = run_doctor,
    .settings_scope = SettingsScope::none,
};

}  // namespace rolecall::cli
