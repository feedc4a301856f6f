// rolecall update: keeps the credentials of one profile in the AWS credentials file up to date.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "aws/retry.h"
#include "aws_files/credentials_file.h"
#include "base/signals.h"
#include "base/text.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "commands/aws_files.h"
#include "commands/enter_sandbox.h"
#include "commands/obtain.h"
#include "commands/on_renew.h"
#include "options/binding_options.h"
#include "options/hardware_limit.h"
#include "options/options.h"
#include "options/session_flags.h"
#include "serve/renewals.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;

// The profile that the credentials are written to.
class Profile {
 public:
  explicit Profile(const Settings& settings)
      : path_(aws_credentials_path(FileUse::writing)),
        name_(settings.text("profile")),
        reporter_(settings.reporter()) {
    aws::check_profile_name(name_);
  }

  // Returns a sentence that says what was done.
  std::string write(const Credentials& credentials) {
    const aws::LockedCredentialsFile file(path_, reporter_);
    std::vector<std::string> warnings;
    {
      const std::scoped_lock lock(writing_);
      warnings = file.set(name_, credentials);
    }
    for (const std::string& warning : warnings)
      reporter_.warning(warning);
    std::string done = "wrote the credentials of [" + name_ + "] to " + file.target() +
                       "; they expire at " + rfc3339(credentials.expiration);
    reporter_.trace([&done] { return done; });
    return done;
  }

  void write_and_report(const serve::Renewal& renewal) {
    const std::string done = write(renewal.credentials);
    if (const int failed = renewal.failed_before; failed > 0) {
      print_warning(cat("renewed [", name_, "] in ", path_, " after ", failed,
                        failed == 1 ? " try" : " tries", " that failed"));
    }
    const std::string& other = renewal.answered_by;
    print_note(done + ", and are renewed at " + rfc3339(renewal.next) +
               (other.empty() ? "" : "; binding " + other + " answered"));
  }

  // Exits at once, even during a request, but not while the file is written.
  [[noreturn]] void exit_now(int code) {
    const std::scoped_lock lock(writing_);
    _exit(code);
  }

 private:
  std::string path_;
  std::string name_;
  Reporter reporter_;
  std::mutex writing_;
};

// Writes a log event as a sentence: "renewal failed: REASON; credentials …; next try within 2 s".
// The binding's name is left out, because there is only one.
bool log_as_sentence(std::string_view level, std::string_view event, const serve::Fields& fields) {
  std::string text(event);
  for (const serve::Field& field : fields) {
    if (field.value.empty() || field.name == "binding") continue;
    std::string name(field.name);
    std::replace(name.begin(), name.end(), '_', ' ');
    text += (name == "reason" ? ": " : "; " + name + " ") + field.value;
  }
  if (level == "warning") {
    print_warning(text);
  } else {
    print_note(text);
  }
  return true;
}

// Refuses streams: update reads the files again for each renewal, because they may have been
// replaced.
void refuse_streams(const IdentityOptions& identity) {
  for (const Source* source :
       {&identity.certificate, &identity.private_key, &identity.intermediates}) {
    if (source->can_be_read_again()) continue;
    throw Error(ErrorKind::usage,
                "update cannot read " + source->name() + " again for each renewal",
                "give a file, or --once");
  }
}

// The binding's name for the command of --on-renew.
std::string name_of_binding(const Settings& settings) {
  const std::vector<std::string>& chosen = settings.chosen_bindings();
  return chosen.empty() ? "default" : chosen.front();
}

[[noreturn]] void keep_up_to_date(const Settings& settings) {
  serve::BindingOptions binding = binding_options(settings, "default");
  refuse_streams(binding.identity);
  for (const serve::BindingOptions& fallback : binding.fallbacks)
    refuse_streams(fallback.identity);
  Profile profile(settings);
  serve::RenewalRules rules;
  rules.start = serve::Start::until_refused;
  rules.refresh_before = std::chrono::seconds(settings.number("refresh-before"));
  rules.attempts = aws::usual_attempts;
  rules.deliver = [&profile](const serve::Renewal& renewal) { profile.write_and_report(renewal); };
  rules.on_renew = command_on_renew(settings, name_of_binding(settings));

  const Signals signals({SIGTERM, SIGINT, SIGHUP});
  const serve::Log log(log_as_sentence);
  serve::Renewals renewals(log, settings.reporter());
  renewals.add(std::move(binding), std::move(rules));
  {
    const ExitOnSignal while_loading({SIGTERM, SIGINT});
    renewals.load_identities([](milliseconds limit) { exit_if_hardware_hangs(limit); });
  }
  enter_sandbox(settings, {aws_credentials_path(FileUse::writing)});
  renewals.start();
  const auto follow_signal = [&](milliseconds time) {
    const int number = signals.wait(time).si_signo;
    if (number == SIGTERM || number == SIGINT) profile.exit_now(0);
    if (number == SIGHUP) renewals.renew_now();
  };
  try {
    renewals.await_first_credentials([&follow_signal] {
      follow_signal(milliseconds(100));  // an outage at the start can last for hours
      return false;
    });
  } catch (const Error& error) {
    print_error(error);
    profile.exit_now(static_cast<int>(error.kind()));
  }
  for (;;)
    follow_signal(std::chrono::hours(1));
}

void run_update(const Settings& settings, const CommandLine& /*line*/) {
  if (!settings.is_on("once")) keep_up_to_date(settings);
  const SessionFlags flags = session_flags(settings);
  Profile profile(settings);
  const auto on_renew = command_on_renew(settings, name_of_binding(settings));
  const Credentials credentials = request_credentials(settings, flags);
  profile.write(credentials);
  if (!on_renew) return;
  try {
    on_renew(credentials.expiration);
  } catch (const Error& error) {  // the credentials are in the file
    print_warning(cat("the command after the renewal failed: ", error.what()));
  }
}

constexpr const char* credentials_file_group = "Credentials file";
constexpr std::array<Option, 5> update_options = {{
    {.name = "profile",
     .group = credentials_file_group,
     .value = "NAME",
     .help = "The profile whose credentials are written.",
     .default_value = "default"},
    {.name = "once",
     .kind = Kind::toggle,
     .group = credentials_file_group,
     .help = "Write the credentials once, and exit."},
    {.name = "refresh-before",
     .kind = Kind::number,
     .group = credentials_file_group,
     .value = "SECONDS",
     .help = "How long before their expiry the credentials are renewed.",
     .default_value = "960",
     .unit = Unit::seconds,
     .minimum = 1,
     .maximum = 43199},
    no_sandbox_option(credentials_file_group),
    on_renew_option(renewal_group),
}};

}  // namespace

constinit const Command update_command = {
    .name = "update",
    .summary = "Keep the AWS credentials file up to date",
    .description =
        "This command sets aws_access_key_id, aws_secret_access_key and aws_session_token of one "
        "profile in $AWS_SHARED_CREDENTIALS_FILE, otherwise in ~/.aws/credentials. Everything "
        "else in the file stays as it is.\n\n"
        "Without --once, rolecall runs until SIGTERM or SIGINT, and renews the credentials before "
        "they expire. SIGHUP renews the credentials now.",
    .footer =
        "Examples:\n"
        "  rolecall update --binding billing --profile billing\n"
        "  rolecall update --binding billing --once",
    .options = {update_options, all_session_options, configuration_options, binding_option},
    .run = run_update,
};

}  // namespace rolecall::cli
