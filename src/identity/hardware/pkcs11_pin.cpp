#include "identity/hardware/pkcs11_pin.h"

#include "base/codec.h"
#include "base/files.h"
#include "base/text.h"
#include "identity/decryption.h"
#include "identity/hardware/hardware.h"
#include "identity/hardware/refused_passwords.h"

namespace rolecall::identity::pkcs11 {
namespace {

[[noreturn]] void refuse_locked(const Token& token) {
  throw Error(
      ErrorKind::failed, "the PIN of token " + token.name() + " is locked",
      "too many wrong PINs were sent; anyone who has the PUK or the SO PIN can unlock the PIN: "
      "pkcs11-tool --init-pin");
}

[[noreturn]] void refuse_unset(const Token& token) {
  throw Error(ErrorKind::failed, "token " + token.name() + " has no user PIN yet",
              "set the PIN first: pkcs11-tool --init-pin");
}

[[noreturn]] void refuse_expired(const Token& token) {
  throw Error(ErrorKind::failed, "the PIN of token " + token.name() + " has expired",
              "set a new PIN: pkcs11-tool --login --change-pin");
}

struct LoginAttempt {
  Login result;
  bool was_refused_before = false;  // the PIN was not sent again
};

// A PIN that a token did not accept is not sent to it again, whatever the token answered and
// whatever state it reports later. The token may have counted the PIN, and tokens lock themselves.
LoginAttempt send_pin(const Token& token, LoginAs who, const std::string& owner,
                      std::string_view pin) {
  if (pin.empty()) return {Login::wrong};  // a person only pressed Enter
  const auto lock = lock_sending(owner, "token " + token.name());
  if (const auto reason = earlier_refusal(owner, pin)) {
    if (reason->empty()) return {Login::wrong, true};
    throw Error(
        ErrorKind::failed, *reason,
        "the token may have counted the PIN as a wrong one, so the PIN is not sent again until "
        "rolecall is restarted");
  }
  if (has_refused_enough(owner)) {
    throw Error(ErrorKind::failed,
                "another PIN was wrong for token " + token.name() +
                    " before, so this PIN is not sent to the token",
                "correct the other PIN first, and then run this command again");
  }
  remember_refused(owner, pin, "token " + token.name() + " did not answer when the PIN was sent");
  Login result = Login::wrong;
  try {
    result = token.login(who, pin);
  } catch (const TokenLost&) {
    forget_refused(owner, pin);
    throw;
  } catch (const LoginFailed& failure) {
    remember_refused(owner, pin, failure.what());
    throw;
  }
  if (result == Login::done || result == Login::not_set) {
    forget_refused(owner, pin);
  } else {
    remember_refused(
        owner, pin,
        result == Login::expired ? "the PIN of token " + token.name() + " has expired" : "");
  }
  return {result};
}

TriesLeft tries_left(const PinState& state) {
  if (state.last_try) return TriesLeft::one;
  return state.few_left ? TriesLeft::few : TriesLeft::unknown;
}

// RFC 7512, 2.4: a path or a file: URI (RFC 8089). RFC 7512 also allows "|command", which is
// refused here because it would start a shell.
std::string path_of(const std::string& pin_source) {
  if (pin_source.starts_with('|')) {
    throw Error(
        ErrorKind::usage, "pin-source of a PKCS#11 URI names a command",
        "pin-source can only name a file; for a command, use `password-source` command:WORDS");
  }
  if (!pin_source.starts_with("file:")) return pin_source;
  std::string path = pin_source.substr(5);
  for (const char* local : {"//localhost/", "///"}) {
    if (path.starts_with(local)) return path.substr(std::string_view(local).size() - 1);
  }
  return path;
}

Secret read_pin(const std::string& pin_source, const Reporter& reporter) {
  const std::string path = path_of(pin_source);
  const FileContent content = read_file("PIN file", path);
  warn_about_open_mode("PIN file " + path, content, reporter);
  Secret pin(without_line_end(content.bytes.view()));
  if (pin.empty()) throw Error(ErrorKind::usage, "PIN file " + path + " is empty");
  return pin;
}

}  // namespace

struct Pins::PinWithOrigin {
  Secret pin;
  std::string origin;  // for messages; empty: from source_, which names its origin itself
};

Pins::Pins(std::vector<Uri> uris, PasswordSource source, bool reuse, Reporter reporter)
    : uris_(std::move(uris)),
      source_(std::move(source)),
      reuse_(reuse),
      reporter_(std::move(reporter)) {}

bool Pins::has_own(const Token& token) const {
  for (const Uri& uri : uris_) {
    if ((!uri.pin_value.empty() || !uri.pin_source.empty()) && token.matches(uri)) return true;
  }
  return false;
}

Pins::PinWithOrigin Pins::get_pin(const Token& token, const std::string& what, LoginAs who,
                                  int attempt, const PinState& state) const {
  if (who == LoginAs::for_key && reuse_ && !user_pin_.empty()) {
    return {user_pin_.copy(), "`reuse-pin`"};
  }
  const auto other_token_that_accepted = [&](const std::string& origin) {
    const auto found = accepted_by_.find(origin);
    const bool is_other = found != accepted_by_.end() && !(found->second == token);
    return is_other ? found->second.name() : std::string();
  };
  for (const Uri& uri : uris_) {
    if (who == LoginAs::for_key || !token.matches(uri)) continue;
    if (uri.pin_value.empty() && uri.pin_source.empty()) continue;
    const std::string origin =
        uri.pin_value.empty() ? "pin-source " + uri.pin_source : "pin-value of the PKCS#11 URI";
    const std::string other = other_token_that_accepted(origin);
    if (!other.empty()) refuse_second_token(other, "the PIN from " + origin);
    return {uri.pin_value.empty() ? read_pin(uri.pin_source, reporter_) : uri.pin_value.copy(),
            origin};
  }
  if (!source_) throw Error(ErrorKind::usage, what + " needs a PIN, and none was given");
  return {
      source_({what, attempt, PasswordKind::pin, tries_left(state), other_token_that_accepted("")}),
      ""};
}

void Pins::log_in_as(const Token& token, const std::string& what, LoginAs who) {
  // A key may have a PIN of its own. The same text can be wrong for the key and right for the user.
  // So they are remembered separately.
  const std::string owner = who == LoginAs::user ? token.uri() : what + " " + token.uri();
  for (int attempt = 1; attempt <= max_attempts; ++attempt) {
    PinState state = token.pin();
    if (state.locked) refuse_locked(token);
    PinWithOrigin entered;
    if (!state.pin_pad) {
      entered = get_pin(token, what, who, attempt, state);
      if (!entered.origin.empty() && state.last_try) {
        refuse_last_try("token " + token.name(), "the PIN from " + entered.origin);
      }
    }
    const LoginAttempt login = state.pin_pad ? LoginAttempt{token.login(who, {})}
                                             : send_pin(token, who, owner, entered.pin.view());
    switch (login.result) {
      case Login::done:
        if (who == LoginAs::user && !state.pin_pad)
          accepted_by_.insert_or_assign(entered.origin, token);
        if (who == LoginAs::user && reuse_) user_pin_ = std::move(entered.pin);
        return;
      case Login::locked:
        refuse_locked(token);
      case Login::expired:
        refuse_expired(token);
      case Login::not_set:
        refuse_unset(token);
      case Login::wrong:
        break;
    }
    state = token.pin();
    if (state.locked) {
      throw Error(
          ErrorKind::failed,
          "wrong PIN for " + what + ", and the PIN is locked now: that was the last try",
          "anyone who has the PUK or the SO PIN can unlock the PIN: pkcs11-tool --init-pin");
    }
    if (state.pin_pad || !entered.origin.empty()) {
      throw Error(ErrorKind::usage,
                  "wrong PIN for " + what + ": it came from " +
                      (state.pin_pad ? "the PIN pad" : entered.origin) +
                      tries_text(tries_left(state)),
                  login.was_refused_before ? "this PIN was refused before, and was not sent again"
                                           : "rolecall does not try this PIN again");
    }
  }
  throw Error(ErrorKind::usage, cat("wrong PIN for ", what, ", ", max_attempts, " times",
                                    tries_text(tries_left(token.pin()))));
}

void Pins::log_in(const Token& token) {
  if (token.logged_in() || !token.pin().needed) return;
  log_in_as(token, "token " + token.name(), LoginAs::user);
}

void Pins::log_in_for(const Token& token, const Object& key) {
  log_in_as(token,
            "key " + (key.label.empty() ? key.uri : terminal_safe(key.label)) + " of token " +
                token.name(),
            LoginAs::for_key);
}

}  // namespace rolecall::identity::pkcs11
