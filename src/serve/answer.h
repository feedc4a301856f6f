// What a handler makes of a request: the response, and what is to be counted and logged of it.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "serve/binding.h"

namespace rolecall::serve {

struct Answer {
  std::string_view route;  // for the counters: a literal, never text from outside
  http::Response response;
  const Binding* given = nullptr;  // whose credentials are in the response
  std::string refusal;             // for the log: why there is none of what was asked for
};

Answer text_answer(std::string_view route, int status, std::string_view body);
Answer json_answer(std::string_view route, int status, Secret body);

// A refusal with a body of JSON: {"code":…,"message":…}, as the container credentials endpoint has.
Answer refusal(std::string_view route, int status, std::string_view code, std::string_view message);
// 405, with the one method that the path has.
Answer wrong_method(std::string_view route, std::string_view allowed);
// 503, which SDKs try again. It says what kind of failure the last renewal ended with. The log has
// the reason: files and the like are nothing for a client.
Answer no_credentials(std::string_view route, const Binding& binding, const BindingStatus& status,
                      aws::Instant now);

// That a renewal waits for hardware, without its name, which may be the path of a file.
std::string silence(const SilentHardware& hardware);

}  // namespace rolecall::serve
