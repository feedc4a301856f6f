#include "identity/hardware/pkcs11_pin.h"

#include "base/codec.h"
#include "base/files.h"
#include "base/text.h"
#include "identity/decryption.h"
#include "identity/hardware/hardware.h"
#include "identity/hardware/spent_passwords.h"

namespace rolecall::identity::pkcs11 {
namespace {

[[noreturn]] void refuse_locked(const Token& token) {
  throw Error(ErrorKind::failed, "the PIN of token " + token.name() + " is locked",
              "too many wrong ones were given; anyone who has its PUK or SO PIN can unlock it: "
              "pkcs11-tool --init-pin");
}

[[noreturn]] void refuse_unset(const Token& token) {
  throw Error(ErrorKind::failed, "token " + token.name() + " has no user PIN yet",
              "it must be set first: pkcs11-tool --init-pin");
}

[[noreturn]] void refuse_expired(const Token& token) {
  throw Error(ErrorKind::failed, "the PIN of token " + token.name() + " has expired",
              "set a new one: pkcs11-tool --login --change-pin");
}

struct Sent {
  Login result;
  bool before = false;  // it was refused before, and is not sent again
};

// A PIN that a token did not accept is not sent to it again, whatever the token answered and
// whatever state it reports later. The token may have counted the PIN, and tokens lock themselves.
Sent send(const Token& token, LoginAs who, const std::string& whose, std::string_view pin) {
  if (pin.empty()) return {Login::wrong};  // a person only pressed Enter
  const auto lock = lock_sending(whose, "token " + token.name());
  if (const auto how = earlier_refusal(whose, pin)) {
    if (how->empty()) return {Login::wrong, true};
    throw Error(ErrorKind::failed, *how,
                "its PIN may have been counted as a wrong one, and is not sent again; a new start "
                "sends it");
  }
  spend(whose, pin, "token " + token.name() + " did not answer to its PIN");
  Login result = Login::wrong;
  try {
    result = token.login(who, pin);
  } catch (const TokenLost&) {
    give_back(whose, pin);
    throw;
  } catch (const LoginFailed& failure) {
    spend(whose, pin, failure.what());
    throw;
  }
  if (result == Login::done || result == Login::not_set) {
    give_back(whose, pin);
  } else {
    spend(whose, pin,
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
    throw Error(ErrorKind::usage, "pin-source of a PKCS#11 URI names a command",
                "it takes a file here; for a command use `password-source` command:WORDS");
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

struct Pins::Given {
  Secret pin;
  std::string from;  // for messages; empty: from source_, which names its origin itself
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

Pins::Given Pins::next(const Token& token, const std::string& what, LoginAs who, int attempt,
                       const PinState& state) const {
  if (who == LoginAs::for_key && reuse_ && !user_pin_.empty()) {
    return {user_pin_.copy(), "`reuse-pin`"};
  }
  const auto taken_by_other = [&](const std::string& from) {
    const auto found = taken_.find(from);
    const bool other = found != taken_.end() && !(found->second == token);
    return other ? found->second.name() : std::string();
  };
  for (const Uri& uri : uris_) {
    if (who == LoginAs::for_key || !token.matches(uri)) continue;
    if (uri.pin_value.empty() && uri.pin_source.empty()) continue;
    const std::string from =
        uri.pin_value.empty() ? "pin-source " + uri.pin_source : "pin-value of the PKCS#11 URI";
    const std::string other = taken_by_other(from);
    if (!other.empty()) refuse_second_token(other, "the PIN from " + from);
    return {uri.pin_value.empty() ? read_pin(uri.pin_source, reporter_) : uri.pin_value.copy(),
            from};
  }
  if (!source_) throw Error(ErrorKind::usage, what + " needs a PIN, and none was given");
  return {source_({what, attempt, PasswordKind::pin, tries_left(state), taken_by_other("")}), ""};
}

void Pins::enter(const Token& token, const std::string& what, LoginAs who) {
  // A key may have a PIN of its own. The same text can be wrong for the key and right for the user.
  // So they are remembered separately.
  const std::string whose = who == LoginAs::user ? token.uri() : what + " " + token.uri();
  for (int attempt = 1; attempt <= max_attempts; ++attempt) {
    PinState state = token.pin();
    if (state.locked) refuse_locked(token);
    Given given;
    if (!state.pin_pad) {
      given = next(token, what, who, attempt, state);
      if (!given.from.empty() && state.last_try) {
        refuse_last_try("token " + token.name(), "the PIN from " + given.from);
      }
    }
    const Sent sent =
        state.pin_pad ? Sent{token.login(who, {})} : send(token, who, whose, given.pin.view());
    switch (sent.result) {
      case Login::done:
        if (who == LoginAs::user && !state.pin_pad) taken_.insert_or_assign(given.from, token);
        if (who == LoginAs::user && reuse_) user_pin_ = std::move(given.pin);
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
      throw Error(ErrorKind::failed,
                  "wrong PIN for " + what + ", and it is locked now: that was the last try",
                  "anyone who has its PUK or SO PIN can unlock it: pkcs11-tool --init-pin");
    }
    if (state.pin_pad || !given.from.empty()) {
      throw Error(
          ErrorKind::usage,
          "wrong PIN for " + what + ": it came from " +
              (state.pin_pad ? "its own keys" : given.from) + tries_text(tries_left(state)),
          sent.before ? "it was refused before, and not sent again" : "it is not tried again");
    }
  }
  throw Error(ErrorKind::usage, cat("wrong PIN for ", what, ", ", max_attempts, " times",
                                    tries_text(tries_left(token.pin()))));
}

void Pins::log_in(const Token& token) {
  if (token.logged_in() || !token.pin().needed) return;
  enter(token, "token " + token.name(), LoginAs::user);
}

void Pins::log_in_for(const Token& token, const Object& key) {
  enter(token,
        "key " + (key.label.empty() ? key.uri : terminal_safe(key.label)) + " of token " +
            token.name(),
        LoginAs::for_key);
}

}  // namespace rolecall::identity::pkcs11
