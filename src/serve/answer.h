// What a handler returns for a request: the response, and what is counted and logged about it.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "serve/binding.h"

namespace rolecall::serve {

struct Answer {
  std::string_view route;  // for the counters; a literal, never text from outside
  http::Response response;
  const Binding* given = nullptr;  // the credentials in the response are this binding's
  std::string refusal;             // for the log: why the response does not have what was requested
};

Answer text_answer(std::string_view route, int status, std::string_view body);
Answer json_answer(std::string_view route, int status, Secret body);

// An error response with a JSON body {"code":…,"message":…}, as the container credentials endpoint
// sends it.
Answer refusal(std::string_view route, int status, std::string_view code, std::string_view message);
// Status 405, with the only method that the path allows.
Answer method_not_allowed(std::string_view route, std::string_view allowed);
// Status 503, which SDKs try again. The body says what kind of failure the last renewal had. Only
// the log has the reason, because file names and other details are not for clients.
Answer no_credentials(std::string_view route, const Binding& binding, const BindingStatus& status,
                      aws::Instant now);

// Says that a renewal waits for hardware. The hardware's name is left out, because it may be the
// path of a file.
std::string silence(const SilentHardware& hardware);

}  // namespace rolecall::serve
