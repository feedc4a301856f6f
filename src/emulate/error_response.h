// How the checks of the emulator refuse a request.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace rolecall::emulate {

// An error response: the HTTP status, the service's name for the error ("AccessDeniedException")
// and the text. The checks throw it, and it is caught once for each request.
class ErrorResponse : public std::runtime_error {
 public:
  ErrorResponse(int status, std::string name, const std::string& message)
      : std::runtime_error(message), status_(status), name_(std::move(name)) {}

  int status() const noexcept { return status_; }
  const std::string& name() const noexcept { return name_; }

 private:
  int status_;
  std::string name_;
};

inline ErrorResponse access_denied(const std::string& message) {
  return {403, "AccessDeniedException", message};
}

inline ErrorResponse invalid_input(const std::string& message) {
  return {400, "ValidationException", message};
}

}  // namespace rolecall::emulate
