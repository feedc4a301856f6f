// The one exception type of rolecall.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace rolecall {

// Why something failed, as far as a caller can act on it. The values are the program's exit codes.
enum class ErrorKind {
  failed = 1,     // it was tried and refused; the same call again ends the same way
  usage = 2,      // the flags, the configuration or a file they name must change first
  try_later = 3,  // network, throttling, 5xx: the same call may succeed later
};

// what() says in lower case and without a full stop what went wrong. hint() says what to do about
// it, and is empty if there is nothing useful to say. Neither ever contains a secret. Both name an
// option by its name in backquotes, such as `role-arn`, which is a member of IdentityOptions or
// SessionOptions (role_arn). The program prints it as its flag.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& what, std::string hint = {},
        std::chrono::milliseconds retry_after = {})
      : std::runtime_error(what), kind_(kind), hint_(std::move(hint)), retry_after_(retry_after) {}

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& hint() const noexcept { return hint_; }
  // The first option that what() names ("role-arn"); empty if it names none.
  std::string option() const;
  // How long the service asks to wait (Retry-After, RFC 9110, 10.2.3); 0: it does not say.
  std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

 private:
  ErrorKind kind_;
  std::string hint_;
  std::chrono::milliseconds retry_after_;
};

}  // namespace rolecall
