// rolecall doctor: checks everything that a session needs, and says what to do.
#include <unistd.h>

#include <algorithm>
#include <array>
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
#include "options/command_line.h"
#include "options/environment.h"
#include "options/hidden_secrets.h"
#include "options/options.h"
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
     .help = "Skip the checks that need the network: clock, network, session, identity and "
             "services."},
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
};

Check run_key(Examination& examination, const DoctorOptions& /*options*/) {
  Deadline deadline(examination.flags->session.timeout);
  examination.material =
      doctor::load_material(examination.flags->identity, examination.now, deadline);
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
  examination.reach = doctor::reach(*examination.request, examination.flags->session);
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
    return skip("the endpoint cannot be reached (see network)");
  const identity::Identity identity{
      *material.leaf,
      identity::order_chain(*material.leaf, material.certificates, examination.now, {}),
      std::move(material.signer)};
  return doctor::check_session(*examination.request, examination.flags->session, identity,
                               clock_difference(examination), examination.credentials);
}

Check run_identity(Examination& examination, const DoctorOptions& /*options*/) {
  if (!examination.credentials)
    return doctor::skipped("identity", "there is no session (see session)");
  return doctor::check_identity(*examination.request, examination.flags->session,
                                *examination.credentials, clock_difference(examination));
}

constexpr std::array<Step, 13> steps = {{
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
  try {
    return step.run(examination, options);
  } catch (const Error& error) {
    doctor::Findings findings;
    findings.fail(error);
    return findings.check(step.id);
  }
}

// A password is asked for once, even if it is needed again for a second signature or binding. A
// wrong one is asked for again.
class TypedOnce {
 public:
  PasswordSource wrap(PasswordSource source) {
    if (!source) return source;
    return [this, ask = std::move(source)](const PasswordRequest& request) {
      const auto known = known_.find(request.what);
      if (known != known_.end() && request.attempt == 1 && request.accepted_by.empty() &&
          request.tries_left != TriesLeft::one)
        return known->second.copy();
      Secret password = ask(request);
      known_.insert_or_assign(request.what, password.copy());
      return password;
    };
  }

 private:
  std::map<std::string, Secret> known_;
};

// The options of the profile's line, which those of our own command line replace.
CommandLine with_options_of_profile(const ProfileLine& profile, const CommandLine& own) {
  CommandLine line;
  try {
    line =
        read_command_line(credential_process_command, {profile.flags.begin(), profile.flags.end()});
  } catch (const Error& error) {
    throw Error(error.kind(), cat("credential_process of ", profile.location, ": ", error.what()),
                error.hint());
  }
  for (const CommandLine::OptionValues& given : own.options) {
    std::erase_if(line.options, [&given](const CommandLine::OptionValues& one) {
      return one.option->name == given.option->name;
    });
    line.options.push_back(given);
  }
  return line;
}

// Whether the command line itself says what to check, so that bindings are not meant.
bool names_identity(const CommandLine& line) {
  static constexpr std::array names = {"certificate", "cert-selector", "private-key",
                                       "role-arn",    "profile-arn",   "trust-anchor-arn"};
  return std::any_of(names.begin(), names.end(),
                     [&line](const char* name) { return line.find(name) != nullptr; });
}

// What to check: one element, or one for each binding.
std::deque<Examination> examinations_of(const Settings& own, const CommandLine& given,
                                        CommandLine& line) {
  std::deque<Examination> found;
  Examination first;
  first.now = wall_clock();
  line = given;
  std::optional<Settings> settings;
  try {
    if (own.has("profile")) {
      first.profile = own.text("profile");
      first.line = read_profile_line(*first.profile);
      line = with_options_of_profile(*first.line, given);
    }
    settings.emplace(read_settings(credential_process_command, line, all_commands()));
  } catch (const Error& error) {
    first.settings_error = error;
    found.push_back(std::move(first));
    return found;
  }
  const std::vector<std::string>& chosen = settings->chosen_bindings();
  const std::vector<std::string>& all = settings->file().bindings;
  if (!chosen.empty() || all.empty() || first.profile || names_identity(given)) {
    if (!chosen.empty()) first.binding = chosen.front();
    first.settings.emplace(std::move(*settings));
    found.push_back(std::move(first));
    return found;
  }
  hide_secrets(credential_process_command, all_commands(), line, settings->file(), all);
  for (const std::string& name : all) {
    Examination& one = found.emplace_back();
    one.now = first.now;
    one.binding = name;
    try {
      one.settings.emplace(settings->of_binding(name));
    } catch (const Error& error) {
      one.settings_error = error;
    }
  }
  return found;
}

// Nothing can end a call into a driver that hangs. So the report then ends with that result.
void report_if_hardware_hangs(DoctorReport& report, std::size_t step,
                              std::chrono::milliseconds limit) {
  limit_hardware_waits(limit, LimitOf::all_calls, [&report, step](const SilentHardware& silent) {
    doctor::Findings findings;
    findings.fail(silent.text(), identity::hint_for_silent_hardware);
    report.add(findings.check(steps.at(step).id));
    for (std::size_t rest = step + 1; rest < steps.size(); ++rest)
      report.add(doctor::skipped(steps.at(rest).id, cat("see ", steps.at(step).id)));
    report.finish();
    _exit(1);
  });
}

void run_doctor(const Settings& own, const CommandLine& given) {
  const DoctorOptions options{own.is_on("offline"), own.text("scan"), own.text("trust-anchor"),
                              own.number("warn-days")};
  CommandLine line;
  std::deque<Examination> all = examinations_of(own, given, line);
  DoctorReport report(own.text("format") == "json", all.size() > 1);
  // By default, the TPM's library writes to standard error what our messages already say.
  set_for_this_process_only("TSS2_LOG", "all+none");
  TypedOnce passwords;
  for (Examination& examination : all) {
    report.begin(examination.binding);
    for (std::size_t step = 0; step < steps.size(); ++step) {
      if (examination.flags) {
        report_if_hardware_hangs(report, step, examination.flags->session.timeout);
      }
      report.add(run_step(steps.at(step), examination, options));
      if (step == 0 && examination.flags) {
        PasswordSource& password = examination.flags->identity.password;
        password = passwords.wrap(std::move(password));
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
