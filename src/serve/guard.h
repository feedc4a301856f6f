// What is refused before any route is looked at.
#pragma once

#include <optional>
#include <string>

#include "http/message.h"

namespace rolecall::serve {

struct Refusal {
  int status;
  std::string reason;
};

// Refuses what no SDK sends and a browser, a proxy or a smuggled request may: a Host that is not
// this machine's loopback or `address` (a page whose name is made to point here, "DNS rebinding");
// X-Forwarded-For, as the instance metadata service does; a body; headers of more than 8 KiB.
// `address` is the one listened on. Where it is every address (0.0.0.0, ::) any numeric Host will
// do, since only a name can be rebound.
std::optional<Refusal> refuse(const http::Request& request, const std::string& address);

}  // namespace rolecall::serve
