#include "options/password.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "base/codec.h"
#include "base/deadline.h"
#include "base/files.h"
#include "base/subprocess.h"
#include "identity/hardware/hardware.h"
#include "options/environment.h"
#include "rolecall/error.h"
#include "terminal/prompt.h"

namespace rolecall::cli {
namespace {

constexpr std::chrono::seconds command_timeout(60);
constexpr const char* forms =
    "file:PATH, env:NAME, fd:N, credential:NAME or command:WORDS; rolecall credential-process "
    "--help explains them";

// A final line feed (or CR LF) comes from an editor or echo. It is not part of the password.
void cut_line_end(Secret& password) {
  password.resize(without_line_end(password.view()).size());
}

Secret from_password_file(const std::string& path, Deadline* deadline, const Reporter& reporter) {
  const std::string what = "password file";
  const Deadline::Resume counted(deadline);
  FileContent content = read_file(what, path, Empty::refused, deadline);
  warn_about_open_mode(what + " " + path, content, reporter);
  cut_line_end(content.bytes);
  return std::move(content.bytes);
}

Secret from_descriptor(const Source& source, Deadline* deadline) {
  const Deadline::Resume counted(deadline);
  FileContent content = read_source("password from", source, deadline);
  cut_line_end(content.bytes);
  return std::move(content.bytes);
}

Secret from_environment(const std::string& name) {
  const auto value = take_secret_variable(name);
  if (!value) {
    throw Error(ErrorKind::usage,
                "environment variable " + name + " of --password-source is not set",
                "set it where rolecall is started: in a shell, run export " + name +
                    "; for a service, set it in the unit");
  }
  return value->copy();
}

// The modes of these files need no check: systemd lets only the unit into the directory.
Secret from_credential(const std::string& name, Deadline* deadline) {
  if (name.find('/') != std::string::npos || name == "." || name == "..") {
    throw Error(ErrorKind::usage, "credential:" + name + " is not the name of a credential",
                "use the name of a file in $CREDENTIALS_DIRECTORY, without a slash");
  }
  const std::string directory = environment("CREDENTIALS_DIRECTORY");
  if (directory.empty()) {
    throw Error(ErrorKind::usage, "credential:" + name + " needs $CREDENTIALS_DIRECTORY",
                "systemd sets it for units with LoadCredential= or LoadCredentialEncrypted=");
  }
  const Deadline::Resume counted(deadline);
  FileContent content = read_file("credential", directory + "/" + name, Empty::refused, deadline);
  cut_line_end(content.bytes);
  return std::move(content.bytes);
}

Secret from_command(const std::string& line) {
  Secret password = command_output(split_command(line), command_timeout);
  cut_line_end(password);
  return password;
}

// The word for the secret in messages and prompts.
std::string word_for(PasswordKind kind) {
  return kind == PasswordKind::pin ? "PIN" : "password";
}

std::vector<std::string> typed;

Secret from_terminal(const PasswordRequest& request) {
  const std::string what = word_for(request.kind);
  std::string prompt = request.attempt > 1 ? "Wrong " + what + ". " : "";
  prompt += (request.kind == PasswordKind::pin ? "PIN for " : "Password for ") +
            terminal_safe(request.what) + identity::tries_text(request.tries_left) + ": ";
  std::optional<Secret> password = ask_on_terminal(prompt);
  if (!password) {
    const bool is_file = request.kind == PasswordKind::file;
    throw Error(
        ErrorKind::usage,
        request.what + (is_file ? " is encrypted" : " needs a " + what) +
            ", and there is no terminal to ask for " + (is_file ? "its password" : "it"),
        std::string("use --password-source ") + forms +
            (request.kind == PasswordKind::tpm_key ? "; if it has none, use --no-tpm-key-password"
                                                   : ""));
  }
  if (std::find(typed.begin(), typed.end(), request.what) == typed.end())
    typed.push_back(request.what);
  return std::move(*password);
}

// A source that can be read only once. A long run that loads its key again hours later uses the
// remembered password.
class Remembered {
 public:
  explicit Remembered(std::function<Secret(const PasswordRequest&)> read, bool one_for_each = false)
      : read_(std::move(read)), one_for_each_(one_for_each) {}

  Secret operator()(const PasswordRequest& request) {
    const std::string what = one_for_each_ ? request.what : "";
    // Only a person may use the last try of a token. Ask again, even if the user typed the PIN
    // before.
    const bool ask_again =
        request.attempt > 1 || (one_for_each_ && request.tries_left == TriesLeft::one);
    if (ask_again || known_->count(what) == 0) (*known_)[what] = read_(request);
    return (*known_)[what].copy();
  }

 private:
  std::function<Secret(const PasswordRequest&)> read_;
  bool one_for_each_;
  // By what the password is for. Shared, because a std::function copies its target when it is
  // copied.
  std::shared_ptr<std::map<std::string, Secret>> known_ =
      std::make_shared<std::map<std::string, Secret>>();
};

// Wraps a source that asks no person: a wrong password is not tried again, and the last try of a
// token is never used. `name` is what messages call the source.
PasswordSource without_retries(const std::string& name, PasswordSource read) {
  return [name, read = std::move(read)](const PasswordRequest& request) {
    const std::string what = word_for(request.kind);
    if (request.attempt > 1) {
      throw Error(
          ErrorKind::usage,
          "wrong " + what + " for " + request.what + ": it came from " + name +
              identity::tries_text(request.tries_left),
          request.kind == PasswordKind::file
              ? "check that it is the password of this file, without an extra space or line end"
              : "check the " + what +
                    " for an extra space or line end; rolecall does not try this " + what +
                    " again");
    }
    if (request.tries_left == TriesLeft::one) {
      identity::refuse_last_try(request.what, "the PIN from " + name);
    }
    if (!request.accepted_by.empty()) {
      identity::refuse_second_token(request.accepted_by, "the PIN from " + name);
    }
    Secret password = read(request);
    if (password.empty()) {
      throw Error(ErrorKind::usage, "the " + what + " from " + name + " is empty",
                  request.kind == PasswordKind::file
                      ? "put the password there; a key without a password needs no source"
                      : "put the " + what + " there");
    }
    return password;
  };
}

// Without --password-source: the password that was given for this kind of key, otherwise a prompt.
PasswordSource by_kind(const GivenPasswords& given) {
  const auto sources = std::make_shared<std::map<PasswordKind, PasswordSource>>();
  const PasswordSource ask = Remembered(from_terminal, true);
  const auto add = [&](PasswordKind kind, const char* name,
                       const std::shared_ptr<const Secret>& password) {
    const auto give = [password](const PasswordRequest&) { return password->copy(); };
    const bool is_given = password && !password->empty();
    (*sources)[kind] = is_given ? without_retries(name, give) : ask;
  };
  add(PasswordKind::file, "--pkcs8-password", given.pkcs8);
  add(PasswordKind::tpm_key, "--tpm-key-password", given.tpm_key);
  const char* variable = "ROLECALL_PIN";
  add(PasswordKind::pin, variable, take_secret_variable(variable));
  return [sources](const PasswordRequest& request) { return sources->at(request.kind)(request); };
}

}  // namespace

const std::vector<std::string>& typed_passwords() {
  return typed;
}

PasswordSpec parse_password_spec(std::string_view text) {
  using Kind = PasswordSpec::Kind;
  if (text.empty()) return {Kind::none};
  static constexpr std::array<std::pair<std::string_view, Kind>, 5> schemes = {{
      {"file:", Kind::file},
      {"env:", Kind::variable},
      {"fd:", Kind::descriptor},
      {"credential:", Kind::credential},
      {"command:", Kind::command},
  }};
  for (const auto& [scheme, kind] : schemes)
    if (text.size() > scheme.size() && text.starts_with(scheme))
      return {kind, text.substr(scheme.size())};
  return {Kind::invalid};
}

PasswordSource password_source(const std::string& text, const GivenPasswords& given,
                               const Reporter& reporter) {
  const PasswordSpec spec = parse_password_spec(text);
  const std::string value(spec.value);
  switch (spec.kind) {
    case PasswordSpec::Kind::none:
      return by_kind(given);
    case PasswordSpec::Kind::variable:
      return without_retries(
          text, Remembered([value](const PasswordRequest&) { return from_environment(value); }));
    case PasswordSpec::Kind::file: {
      const auto read = [value, reporter](const PasswordRequest& request) {
        return from_password_file(value, request.deadline, reporter);
      };
      struct stat info {};
      const bool is_pipe = stat(value.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
      return without_retries(text,
                             is_pipe ? PasswordSource(Remembered(read)) : PasswordSource(read));
    }
    case PasswordSpec::Kind::descriptor:
      return without_retries(text,
                             Remembered([source = Source(text)](const PasswordRequest& request) {
                               return from_descriptor(source, request.deadline);
                             }));
    case PasswordSpec::Kind::credential:
      return without_retries(text, [value](const PasswordRequest& request) {
        return from_credential(value, request.deadline);
      });
    case PasswordSpec::Kind::command:
      return without_retries("command " + split_command(value).front(),
                             [value](const PasswordRequest&) { return from_command(value); });
    case PasswordSpec::Kind::invalid:
      break;
  }
  // The message does not show the text, because it may be the password itself.
  throw Error(ErrorKind::usage, "--password-source does not accept this value",
              std::string("use ") + forms);
}

}  // namespace rolecall::cli
