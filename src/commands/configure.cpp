// rolecall configure: sets up a profile of the AWS CLI and SDKs that gets its credentials from
// rolecall.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "aws/session_request.h"
#include "aws_files/config_profile.h"
#include "aws_files/credentials_file.h"
#include "aws_files/ini_diff.h"
#include "base/codec.h"
#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "commands/aws_files.h"
#include "commands/credential_process_line.h"
#include "commands/existing_line.h"
#include "commands/profile_precedence.h"
#include "options/environment.h"
#include "options/hardware_limit.h"
#include "options/options.h"
#include "options/password.h"
#include "options/session_flags.h"
#include "rolecall/session.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

constexpr const char* profile_group = "Profile";
constexpr std::array<Option, 3> configure_options = {{
    {.name = "profile",
     .group = profile_group,
     .value = "NAME",
     .help = "The profile to set up, as in aws --profile NAME. Required unless the configuration "
             "file sets it."},
    {.name = "dry-run",
     .kind = Kind::toggle,
     .group = profile_group,
     .help = "Show what would change. Nothing is changed, and no credentials are requested."},
    {.name = "remove-static-keys",
     .kind = Kind::toggle,
     .group = profile_group,
     .help = "After the profile has worked, remove its static keys from AWS's files. Static keys "
             "take precedence over credential_process. rolecall keeps a copy of each changed file "
             "beside the file, with mode 0600."},
}};
// Options for this run only. They do not become part of credential_process.
constexpr auto own_options = joined(configure_options, debug_option);
// If only these options are given, the credential_process that the profile has is taken over.
constexpr auto options_allowed_with_existing_line =
    joined(own_options, std::array<Option, 1>{{{.name = "quiet", .kind = Kind::toggle}}});

// A warning: values from variables are for this run only, and are not part of the profile.
std::string warning_about_variables(const std::vector<std::string>& variables) {
  return list_text(variables, "and") +
         " of the environment is not part of the profile: programs can use the profile only in an "
         "environment that has it too";
}

// A warning: programs without a terminal use the profile too, and cannot ask for a password.
std::string warning_about_typed_password(const std::string& what) {
  return "the password or PIN of " + what +
         " was typed. A program without a terminal cannot ask for it, so it cannot use this "
         "profile. "
         "Run this command again with --password-source file:PATH or command:WORDS, which says "
         "where "
         "to find it";
}

// One profile in the AWS CLI's config file and credentials file.
class ProfileEditor {
 public:
  ProfileEditor(std::string profile, std::string line)
      : profile_(std::move(profile)),
        line_(std::move(line)),
        config_path_(aws_config_path(FileUse::writing)),
        credentials_path_(aws_credentials_path(FileUse::writing)),
        config_(read_text_file(aws::config_file_role, config_path_)) {
    section_ = aws::config_section(config_name(), config_.view(), profile_);
  }

  const std::string& config_path() const { return config_path_; }
  const std::string& section() const { return section_; }

  // Plans the changes, but changes no file. Returns a sentence for each reason why the written
  // profile would not use its credential_process, or might not.
  std::vector<std::string> plan(bool remove_static_keys) {
    std::vector<std::string> sentences;
    try {
      if (!is_null_device(credentials_path_))
        credentials_ = read_text_file(aws::credentials_file_role, credentials_path_);
    } catch (const Error& error) {
      if (remove_static_keys) throw;
      sentences.push_back(cat(error.what(), ": whether static keys take precedence is not known"));
    }
    new_config_ = edit_config(config_.view(), true, remove_static_keys);
    new_credentials_ = edit_credentials(credentials_.view(), remove_static_keys);
    for (const std::string& warning : new_config_.warnings)
      sentences.push_back(config_name() + ": " + warning);
    for (const std::string& warning : new_credentials_.warnings)
      sentences.push_back(credentials_name() + ": " + warning);
    for (std::string& sentence :
         aws::settings_that_precede({profile_, config_path_, new_config_.bytes.view(),
                                     credentials_path_, new_credentials_.bytes.view()}))
      sentences.push_back(std::move(sentence));
    return sentences;
  }

  std::string diff() const {
    return aws::ini_diff(config_path_, config_.view(), new_config_.bytes.view()) +
           aws::ini_diff(credentials_path_, credentials_.view(), new_credentials_.bytes.view());
  }

  // Whether the profile has a credential_process.
  bool has_line() const { return setting("credential_process"); }
  // Whether the file already has the new line. Then it need not be writable.
  bool is_written() const { return with_line(config_.view()).bytes.view() == config_.view(); }

  void write_profile(const Reporter& reporter) const {
    if (is_written()) return;
    const LockedFile file(aws::config_file_role, config_path_, reporter);
    file.replace(with_line(file.read().view()).bytes.view());
  }

  void remove_static_keys(const Reporter& reporter) const {
    remove_from(aws::config_file_role, config_path_, section_, config_, reporter,
                [this](std::string_view text) { return edit_config(text, false, true); });
    remove_from(aws::credentials_file_role, credentials_path_, profile_, credentials_, reporter,
                [this](std::string_view text) { return edit_credentials(text, true); });
  }

  bool has_region() const { return setting("region"); }

 private:
  using Edit = std::function<aws::EditedFile(std::string_view)>;

  std::string config_name() const { return "AWS config file " + config_path_; }
  std::string credentials_name() const { return "credentials file " + credentials_path_; }

  bool setting(const std::string& key) const {
    for (const aws::IniSection& section : aws::ini_sections(config_.view())) {
      if (section.name == section_) return section.lines.contains(key);
    }
    return false;
  }

  aws::EditedFile with_line(std::string_view text) const { return edit_config(text, true, false); }

  aws::EditedFile edit_config(std::string_view text, bool set, bool remove_static_keys) const {
    std::vector<aws::IniChange> changes;
    if (remove_static_keys) changes = aws::without_static_keys();
    if (set) changes.push_back({"credential_process", line_});
    return aws::edit_section(config_name(), text,
                             aws::config_section(config_name(), text, profile_), changes);
  }

  aws::EditedFile edit_credentials(std::string_view text, bool remove_static_keys) const {
    return aws::edit_section(
        credentials_name(), text, profile_,
        remove_static_keys ? aws::without_static_keys() : std::vector<aws::IniChange>());
  }

  static void remove_from(const FileRole& role, const std::string& path, const std::string& section,
                          const Secret& seen, const Reporter& reporter, const Edit& edit) {
    if (aws::static_keys(seen.view(), section).empty()) return;
    const LockedFile file(role, path, reporter);
    const Secret before = file.read();
    const std::string backup = file.back_up(wall_clock());
    file.replace(edit(before.view()).bytes.view());
    reporter.warning("removed " + list_text(aws::static_keys(before.view(), section), "and") +
                     " of [" + section + "] from " + role.what + " " + path + "; " + backup +
                     " is a copy of the old file: delete it when you no longer need it");
  }

  std::string profile_;
  std::string line_;  // the value of credential_process
  std::string config_path_;
  std::string credentials_path_;
  Secret config_;
  Secret credentials_;
  std::string section_;  // the section of the config file
  aws::EditedFile new_config_;
  aws::EditedFile new_credentials_;
};

std::string summary(const ProfileEditor& editor, const std::string& profile,
                    const std::string& line, const Credentials& credentials,
                    const std::string& region, bool written, bool in_use) {
  // Each value is escaped separately: a line feed in a value must not start a new line.
  const auto safe = [](const std::string& value) { return terminal_safe(value); };
  std::string text =
      "[" + safe(editor.section()) + "] in " + safe(editor.config_path()) +
      (written ? ":\n" : ", as it was:\n") + "  credential_process = " + safe(line) +
      "\ntried it: " + safe(credentials.assumed_role_arn) + " until " +
      rfc3339(credentials.expiration) + " (" +
      largest_unit_text(credentials.expiration - wall_clock()) +
      (in_use ? ")\nuse it: " : ")\nnot in use yet: see the warnings; after that: ") +
      "aws --profile " + profile + " sts get-caller-identity\n";
  if (!editor.has_region() && environment("AWS_REGION").empty() &&
      environment("AWS_DEFAULT_REGION").empty()) {
    text +=
        "it has no region yet: aws --profile " + profile + " configure set region " + region + "\n";
  }
  return text;
}

// The flags of the profile's credential_process, if it runs the official helper or, with
// `also_own_line`, rolecall.
std::vector<std::string> flags_of_profile(const std::string& profile, bool also_own_line) {
  const std::string path = aws_config_path();
  // The flags are used now, before the file is written: they can name a command to run.
  const Secret text = read_text_file(aws::config_file_role, path, FileTrust::needed);
  const std::string name = "AWS config file " + path;
  const std::string line = aws::setting_value(
      text.view(), aws::config_section(name, text.view(), profile), "credential_process");
  try {
    auto flags = flags_of_line(line);
    if (!flags && also_own_line) flags = flags_of_line(line, "rolecall");
    return flags.value_or(std::vector<std::string>());
  } catch (const Error& error) {
    throw Error(ErrorKind::usage,
                "credential_process of profile " + profile + " in " + name +
                    " cannot be taken over: " + error.what(),
                "use its flags with this command, with full paths");
  }
}

// Takes over the options of an existing line: of the official helper's line among the arguments,
// otherwise, if the arguments only name the profile, of the line that the profile has. A line of
// rolecall is taken over only for --remove-static-keys, which tries the profile before it removes
// keys.
std::vector<std::string> with_flags_of_existing_line(std::vector<std::string> arguments) {
  arguments = with_flags_of_line(std::move(arguments));
  const auto profile = profile_if_only_option(arguments, options_allowed_with_existing_line);
  if (profile) {
    const bool removes_keys =
        std::find(arguments.begin(), arguments.end(), "--remove-static-keys") != arguments.end();
    const std::vector<std::string> flags = flags_of_profile(*profile, removes_keys);
    arguments.insert(arguments.begin(), flags.begin(), flags.end());
  }
  return arguments;
}

std::string profile_name(const Settings& settings) {
  std::string profile = settings.text("profile");
  if (profile.empty()) {
    throw Error(ErrorKind::usage, "missing: --profile",
                "give the name that commands will use, as in aws --profile NAME, or default");
  }
  aws::check_config_profile_name(profile);
  return profile;
}

// The first part of the error if trying the profile failed: what happened to the profile. The
// reason follows.
std::string profile_state_after_failure(const ProfileEditor& editor, bool replaces,
                                        bool was_written, bool remove_static_keys) {
  return "[" + editor.section() + "] in " + editor.config_path() +
         (replaces      ? " stays as it was, since trying the new credential_process failed"
          : was_written ? " was there already, but trying it failed"
                        : " is written and stays, but trying it failed") +
         (remove_static_keys ? ", so static keys are left in" : "") + ": ";
}

void run_configure(const Settings& settings, const CommandLine& command_line) {
  const std::vector<FlagWords> given = given_flags(configure_command, command_line, own_options);
  const std::vector<std::string> variables = settings.own_variables();
  const std::string profile = profile_name(settings);
  const bool dry_run = settings.is_on("dry-run");
  const bool remove_static_keys = settings.is_on("remove-static-keys");
  SessionFlags flags = session_flags(settings);
  // Checked before anything is written: a profile that can never work must not be written.
  const std::string region = aws::prepare_session(flags.session).region;

  const Reporter reporter = settings.reporter();
  const std::string line = credential_process_line(program_path(), given);
  ProfileEditor editor(profile, line);
  std::vector<std::string> warnings = editor.plan(remove_static_keys);
  const bool in_use = warnings.empty();
  for (std::string& sentence : variables_with_precedence(profile))
    warnings.push_back(std::move(sentence));
  if (!variables.empty()) warnings.push_back(warning_about_variables(variables));
  const auto warn = [&] {
    for (const std::string& sentence : warnings)
      reporter.warning(sentence);
  };
  if (dry_run) {
    const std::string diff = editor.diff();
    write_all(STDOUT_FILENO, diff.empty() ? "nothing would change\n" : terminal_safe_lines(diff),
              "standard output");
    warn();
    return;
  }
  // The old credential_process may work, so it stays until the new one has worked.
  const bool was_written = editor.is_written();
  const bool replaces = editor.has_line() && !was_written;
  if (!replaces) editor.write_profile(reporter);
  exit_if_hardware_hangs(settings);
  Credentials credentials;
  try {
    credentials = create_session(flags.identity, flags.session, reporter);
  } catch (const Error& error) {
    warn();
    throw Error(error.kind(),
                profile_state_after_failure(editor, replaces, was_written, remove_static_keys) +
                    error.what(),
                error.hint());
  }
  if (replaces) editor.write_profile(reporter);
  if (remove_static_keys) editor.remove_static_keys(reporter);
  write_all(STDOUT_FILENO,
            summary(editor, profile, line, credentials, region, !was_written, in_use),
            "standard output");
  for (const std::string& what : typed_passwords())
    warnings.push_back(warning_about_typed_password(what));
  // Warnings come last, because they say what to do next.
  warn();
}

}  // namespace

constinit const Command configure_command = {
    .name = "configure",
    .summary = "Set up a profile of the AWS CLI and SDKs, and try it",
    .description =
        "This command sets credential_process of the profile in $AWS_CONFIG_FILE, otherwise in "
        "~/.aws/config. Everything else in the file stays as it is. Then rolecall gets "
        "credentials once, to try the profile.\n\n"
        "The options of this command line become part of credential_process. Values from the "
        "environment "
        "and the configuration file are not written, since rolecall reads these values again each "
        "time.",
    .footer =
        "Examples:\n"
        "  rolecall configure --profile billing --binding billing\n"
        "  aws --profile billing sts get-caller-identity\n"
        "\n"
        "To take over the options of a profile that uses aws_signing_helper:\n"
        "  rolecall configure --profile billing\n"
        "\n"
        "To remove the static keys of a profile that already uses rolecall:\n"
        "  rolecall configure --profile billing --remove-static-keys\n"
        "\n"
        "To take over a command line of aws_signing_helper:\n"
        "  rolecall configure --profile billing \\\n"
        "    -- aws_signing_helper credential-process ...",
    .options = {configure_options, all_session_options, cache_options, configuration_options,
                binding_option},
    .run = run_configure,
    .rewrite = with_flags_of_existing_line,
};

}  // namespace rolecall::cli
