// rolecall update: keeps the keys of one profile in the credentials file of AWS.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <optional>
#include <random>

#include "aws/credentials_file.h"
#include "aws/renewal.h"
#include "base/process.h"
#include "base/time.h"
#include "cli/aws_files.h"
#include "cli/command.h"
#include "cli/hardware_limit.h"
#include "cli/options.h"
#include "cli/session_flags.h"
#include "cli/ui.h"

namespace rolecall::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A suspend stops the clock of a wait, so no wait is longer than this.
constexpr milliseconds longest_nap{2000};

// SIGTERM and SIGINT end the program at once, also in the middle of a request, but for the moment
// in which a file is being written: then right after it.
volatile std::sig_atomic_t writing = 0;
volatile std::sig_atomic_t stop_asked = 0;

extern "C" void stop_signal(int /*number*/) {
  if (writing == 0) _exit(0);
  stop_asked = 1;
}

void write_and_stop_if_asked(const aws::LockedCredentialsFile& file, const std::string& profile,
                             const Credentials& credentials, const Reporter& reporter) {
  struct Writing {
    Writing() { writing = 1; }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing() {
      writing = 0;
      if (stop_asked != 0) _exit(0);
    }
  };
  std::vector<std::string> warnings;
  {
    const Writing mark;
    warnings = file.set(profile, credentials);
  }
  for (const std::string& warning : warnings)
    reporter.warning(warning);
}

class Updater {
 public:
  Updater(const SessionFlags& flags, std::string path, std::string profile, seconds refresh_before)
      : flags_(flags),
        path_(std::move(path)),
        profile_(std::move(profile)),
        schedule_(refresh_before),
        unwritten_schedule_(refresh_before),
        reporter_(stderr_reporter(flags.debug)) {}

  std::chrono::sys_seconds renew() {
    // What could not be written last time (a full disk) is not asked for again.
    if (!unwritten_ || unwritten_schedule_.left(aws::Instant::now()) == milliseconds(0)) {
      unwritten_ = create_session(flags_.identity, flags_.session, reporter_);
      unwritten_schedule_.succeeded(aws::Instant::now(), unwritten_->expiration,
                                    flags_.session.session_duration, 0);
    }
    const aws::LockedCredentialsFile file(path_, reporter_);
    write_and_stop_if_asked(file, profile_, *unwritten_, reporter_);
    const auto expiration = unwritten_->expiration;
    unwritten_.reset();
    written_ = "wrote the credentials of [" + profile_ + "] to " + file.target() +
               "; they expire at " + rfc3339(expiration);
    reporter_.trace([this] { return written_; });
    return expiration;
  }

  [[noreturn]] void run() {
    handle_signals();
    for (;;) {
      try {
        expiration_ = renew();
        if (schedule_.failures() > 0) {
          print_warning("renewed [" + profile_ + "] in " + path_ + " after " +
                        tries(schedule_.failures()) + " that failed");
        }
        schedule_.succeeded(aws::Instant::now(), expiration_, flags_.session.session_duration,
                            random());
        renewed_ = true;
        say_written();
      } catch (const Error& error) {
        // At the start what no later try can cure is for whoever started us.
        if (!renewed_ && error.kind() != ErrorKind::try_later) throw;
        schedule_.failed(aws::Instant::now(), random());
        say_failed(error);
      }
      wait();
    }
  }

 private:
  static std::string tries(int count) {
    return std::to_string(count) + (count == 1 ? " try" : " tries");
  }

  double random() { return std::uniform_real_distribution<double>(0, 1)(device_); }

  void handle_signals() {
    struct sigaction action {};
    action.sa_handler = stop_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    // Whoever started us may have them blocked.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
    // Blocked before any thread starts, and taken by wait() alone.
    sigemptyset(&hangup_);
    sigaddset(&hangup_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup_, nullptr);
  }

  void say_written() {
    const auto next = std::chrono::floor<seconds>(schedule_.left(aws::Instant::now()));
    print_note(written_ + ", and are renewed at " + rfc3339(wall_clock() + next));
  }

  void say_failed(const Error& error) {
    std::string text = std::string("renewal failed: ") + error.what();
    if (!error.hint().empty()) text += "; hint: " + error.hint();
    if (renewed_) {
      const auto now = wall_clock();
      text += expiration_ > now
                  ? "; the credentials in " + path_ + " end in " + rough_duration(expiration_ - now)
                  : "; the credentials in " + path_ + " expired at " + rfc3339(expiration_);
    }
    const auto next = std::chrono::ceil<seconds>(schedule_.left(aws::Instant::now()));
    text += "; next try within " + seconds_text(next);
    print_warning(text);
  }

  // Until the next renewal is due, or SIGHUP.
  void wait() {
    for (;;) {
      const milliseconds left = schedule_.left(aws::Instant::now());
      const milliseconds nap = std::min(left, longest_nap);
      timespec time{};
      time.tv_sec = nap.count() / 1000;
      time.tv_nsec = (nap.count() % 1000) * 1000000;
      if (sigtimedwait(&hangup_, nullptr, &time) == SIGHUP || left == milliseconds(0)) return;
    }
  }

  const SessionFlags& flags_;
  std::string path_;
  std::string profile_;
  aws::RenewalSchedule schedule_;
  aws::RenewalSchedule unwritten_schedule_;  // of what could not be written
  Reporter reporter_;
  std::random_device device_;
  std::chrono::sys_seconds expiration_{};
  std::optional<Credentials> unwritten_;
  std::string written_;  // where to, for messages
  bool renewed_ = false;
  sigset_t hangup_{};
};

// Certificate and key are read anew each time.
void refuse_streams(const IdentityOptions& identity) {
  for (const Source* source :
       {&identity.certificate, &identity.private_key, &identity.intermediates}) {
    if (source->can_be_read_again()) continue;
    throw Error(ErrorKind::usage,
                "update cannot read " + source->name() + " again for each renewal",
                "give a file, or --once");
  }
}

void run(const Settings& settings, const CommandLine& /*line*/) {
  const SessionFlags flags = session_flags(settings);
  const std::string profile = settings.text("profile");
  const bool once = settings.is_on("once");
  aws::check_profile_name(profile);
  const std::string path = aws_credentials_path(FileUse::writing);
  if (!once) {
    refuse_streams(flags.identity);
    warn_where_hardware_is_silent(flags.session.timeout);
  }

  Updater updater(flags, path, profile, seconds(settings.number("refresh-before")));
  if (once) {
    updater.renew();
  } else {
    updater.run();
  }
}

constexpr const char* group = "Credentials file";
constexpr std::array<Option, 3> options = {{
    {.name = "profile",
     .group = group,
     .value = "NAME",
     .help = "The profile whose credentials are written.",
     .fallback = "default"},
    {.name = "once",
     .kind = Kind::toggle,
     .group = group,
     .help = "Write the credentials once, and exit."},
    {.name = "refresh-before",
     .kind = Kind::number,
     .group = group,
     .value = "SECONDS",
     .help = "How long before their expiry the credentials are renewed.",
     .fallback = "960",
     .low = 1,
     .high = 43199},
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
    .options = {options, all_session_options, configuration_options, binding_option},
    .run = run,
};

}  // namespace rolecall::cli
