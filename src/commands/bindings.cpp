// rolecall bindings: lists the bindings of the configuration file.
#include <openssl/x509v3.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "aws/session_request.h"
#include "base/codec.h"
#include "base/deadline.h"
#include "base/files.h"
#include "base/time.h"
#include "commands/all_commands.h"
#include "identity/hardware/hardware.h"
#include "identity/identity.h"
#include "options/hardware_limit.h"
#include "options/known_names.h"
#include "options/options.h"
#include "options/password.h"
#include "options/session_flags.h"
#include "terminal/table.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

using Row = std::vector<std::string>;  // name, expiry, role, certificate

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : terminal_safe(text);
}

std::string expiry(const identity::Certificate& leaf) {
  const auto end = leaf.not_after();
  return rfc3339(end) + (end < wall_clock()
                             ? " (expired " + largest_unit_text(wall_clock() - end) + " ago)"
                             : " (" + largest_unit_text(end - wall_clock()) + ")");
}

// The certificate that is most likely the leaf. Only the key shows for sure which one is.
const identity::Certificate& likely_leaf(const std::vector<identity::Certificate>& all) {
  const auto leaf = std::find_if(all.begin(), all.end(), [](const identity::Certificate& one) {
    return X509_check_ca(one.x509()) == 0;
  });
  return leaf == all.end() ? all.front() : *leaf;
}

// Asks for no PIN. If the token shows the certificate only after login, the PIN in the URI is used,
// if there is one.
void fill_from_token(Row& row, const IdentityOptions& options) {
  row[3] = "(on a token)";
  std::vector<identity::Certificate> found;
  for (identity::TokenCertificate& one : identity::list_tokens(options, {}))
    found.push_back(std::move(one.certificate));
  if (found.empty()) return;
  const identity::Certificate& leaf = likely_leaf(found);
  row[1] = expiry(leaf);
  row[3] = or_dash(leaf.subject());
}

// Thrown instead of asking the user.
struct PasswordUnknown {};

// The leaf that matches the key. Reads everything else that a run would read, too. If the key is on
// hardware, or nobody has given the password of its file, this function cannot know whether the key
// matches, and returns the likely leaf. `timeout` is the time to read and decrypt the files. Throws
// Error.
identity::Certificate checked_leaf(IdentityOptions options,
                                   const std::vector<identity::Certificate>& all,
                                   std::chrono::milliseconds timeout) {
  if (options.certificate.kind() == Source::Kind::spiffe) return all.front();  // it matches
  const Source::Kind kind = options.private_key.kind();
  if (kind != Source::Kind::file && kind != Source::Kind::none) return likely_leaf(all);
  options.password = [ask = std::move(options.password)](const PasswordRequest& request) {
    if (!ask || request.kind != PasswordKind::file) throw PasswordUnknown();
    return ask(request);
  };
  // Another column shows that a certificate has expired, so an expired one is no error here: each
  // certificate is also tried at a time when it was valid.
  std::vector<std::chrono::sys_seconds> times = {wall_clock()};
  for (const identity::Certificate& one : all)
    times.push_back(one.not_before());
  Deadline deadline(timeout);
  for (const auto& time : times) {
    try {
      return identity::load_identity(options, time, {}, deadline).leaf;
    } catch (const PasswordUnknown&) {
      break;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::failed || &time == &times.back()) throw;
    }
  }
  return likely_leaf(all);
}

// If a binding cannot be used, its row says why, because users still need the other rows.
Row row_of(const Settings& own, const std::string& name,
           std::map<std::string, PasswordSource>& streams) {
  Row row{terminal_safe(name), "-", "-", "-"};
  try {
    const Command& reader = credential_process_command;
    KnownNames(reader, all_commands()).check_table(own.file(), "binding." + name);
    const CommandLine nothing;
    const Settings settings(reader, nothing, own.shared_file(), name);
    row[2] = or_dash(settings.text("role-arn"));
    SessionFlags flags = session_flags(settings);
    aws::prepare_session(flags.session);
    exit_if_hardware_hangs(settings);  // each binding has a time limit of its own
    IdentityOptions& identity = flags.identity;
    if (identity.certificate.kind() == Source::Kind::stream) {
      row[3] = "(a stream)";
      return row;
    }
    // This command asks the user for no password. A descriptor can be read only once, so all rows
    // share its source.
    const std::string source = settings.text("password-source");
    if (source.empty() && !settings.is_not_empty("pkcs8-password")) identity.password = nullptr;
    if (parse_password_spec(source).kind == PasswordSpec::Kind::descriptor) {
      identity.password = streams.try_emplace(source, identity.password).first->second;
    }
    if (identity::certificate_is_on_token(identity)) {
      fill_from_token(row, identity);
      return row;
    }
    const auto certificates = identity::load_certificates(identity, wall_clock());
    row[1] = expiry(likely_leaf(certificates));
    const identity::Certificate leaf = checked_leaf(identity, certificates, flags.session.timeout);
    row[1] = expiry(leaf);
    row[3] = or_dash(leaf.subject());
    if (!flags.session.ca_bundle.empty()) read_file("CA bundle", flags.session.ca_bundle);
  } catch (const Error& error) {
    row[3] = terminal_safe("error: " + with_flags(error.what()));
  }
  return row;
}

[[noreturn]] void refuse_no_binding(const ConfigFile& file) {
  if (!file.path.empty()) {
    throw Error(ErrorKind::usage, "configuration file " + file.path + " has no binding",
                "add a table [binding.NAME]; rolecall bindings --help shows one" +
                    (file.skipped_file_error.empty() ? "" : "; " + file.skipped_file_error));
  }
  throw Error(
      ErrorKind::usage, missing_file_reason(file),
      missing_file_hint(file) + (file.skipped_file_error.empty()
                                     ? "; rolecall bindings --help shows a table [binding.NAME]"
                                     : ""));
}

void run_bindings(const Settings& settings, const CommandLine& /*line*/) {
  const ConfigFile& file = settings.file();
  if (file.bindings.empty()) refuse_no_binding(file);
  settings.reporter().trace([&] { return "configuration file " + file.path; });
  if (settings.is_on("names")) {
    std::string text;
    for (const std::string& name : file.bindings)
      text += terminal_safe(name) + "\n";
    return write_all(STDOUT_FILENO, text, "standard output");
  }
  std::vector<Row> rows = {{"NAME", "EXPIRES", "ROLE", "CERTIFICATE"}};
  std::map<std::string, PasswordSource> streams;
  for (const std::string& name : file.bindings)
    rows.push_back(row_of(settings, name, streams));
  write_all(STDOUT_FILENO, table(rows), "standard output");
}

constexpr auto bindings_options =
    joined(std::array<Option, 1>{{
               {.name = "names",
                .kind = Kind::toggle,
                .group = output_group,
                .help = "Print only the names, one on each line. No certificate is read."},
           }},
           debug_option);

}  // namespace

constinit const Command bindings_command = {
    .name = "bindings",
    .summary = "List the bindings of the configuration file",
    .description =
        "A binding is a table of the configuration file that sets options. For each binding, this "
        "command prints the name, the expiry of the certificate, the role and the certificate. If "
        "a binding cannot be used, its line says why. This command never asks for a password.",
    .footer =
        "Examples:\n"
        "  rolecall bindings\n"
        "  rolecall exec --binding billing -- aws s3 ls\n"
        "\n"
        "A binding in the configuration file:\n"
        "  [binding.billing]\n"
        "  certificate = \"/etc/pki/billing.pem\"\n"
        "  private-key = \"/etc/pki/billing.key\"\n"
        "  trust-anchor-arn = \"TRUST_ANCHOR_ARN\"\n"
        "  profile-arn = \"PROFILE_ARN\"\n"
        "  role-arn = \"arn:aws:iam::111122223333:role/billing\"",
    .options = {bindings_options, configuration_options},
    .run = run_bindings,
    .lists_bindings_of = &credential_process_command,
};

}  // namespace rolecall::cli
