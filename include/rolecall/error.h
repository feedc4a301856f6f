// The one exception type of rolecall.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace rolecall {

// What a caller can do about a failure. The values are the program's exit codes.
enum class ErrorKind {
  failed = 1,     // the attempt was refused; the same call will fail again
  usage = 2,      // options, configuration or a file that they name must be changed first
  try_later = 3,  // network, throttling, HTTP 5xx: the same call may succeed later
};

// what() says what failed, in lower case and without a full stop. hint() says what to do about it;
// it is empty if there is nothing useful to say. Neither contains a secret. Both write the name of
// an option in backquotes: `role-arn` is the member role_arn of IdentityOptions or SessionOptions.
// The program prints the option's flag instead.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& what, std::string hint = {},
        std::chrono::milliseconds retry_after = {})
      : std::runtime_error(what), kind_(kind), hint_(std::move(hint)), retry_after_(retry_after) {}

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& hint() const noexcept { return hint_; }
  // The first option that what() names ("role-arn"); empty if it names none.
  std::string option() const;
  // How long the service asks clients to wait (Retry-After, RFC 9110, 10.2.3). 0 if it does not
  // say.
  std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

 private:
  ErrorKind kind_;
  std::string hint_;
  std::chrono::milliseconds retry_after_;
};

}  // namespace rolecall
