// What is refused before any route is looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace rolecall::serve {

struct Rejection {
  int status;
  std::string reason;
};

// Refuses what no SDK sends, but a browser, a proxy or a smuggled request may:
// - what is no proper HTTP request, any Transfer-Encoding, a body, headers of more than 8 KiB;
// - a Host that is neither this machine's loopback nor `address` nor one of `names` (a page whose
//   name is made to point here, "DNS rebinding");
// - X-Forwarded-For, as the instance metadata service does, and what else proxies and pages add.
// A reason names no more than 64 bytes of a header's name, and 253 of a Host.
// `address` is the one listened on. If it is every address (0.0.0.0, ::), any numeric Host is
// taken, since only a name can be rebound. `names` are in lower case.
std::optional<Rejection> refuse(const http::Request& request, const std::string& address,
                                const std::vector<std::string>& names = {});

// Throws Error (usage) unless `name` can be the name or the address in a Host header, without a
// port. Returns it in lower case.
std::string checked_host_name(const std::string& name);

}  // namespace rolecall::serve
