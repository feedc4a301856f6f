// What serve refuses before it looks at the path.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace rolecall::serve {

struct Refusal {
  int status;
  std::string reason;
};

// Returns why to refuse a request that no SDK sends, but that may come from a browser, from a
// proxy, or hidden in another request; nullopt if the request is accepted. These are refused:
// - a malformed HTTP request, any Transfer-Encoding, a body, headers of more than 8 KiB
// - a Host that is neither this machine's loopback, nor `address`, nor one of `names`: a web page
//   may have a host name that was made to point here ("DNS rebinding")
// - X-Forwarded-For, which the instance metadata service also refuses, and other headers that
//   proxies and web pages add
//
// A reason contains at most 64 bytes of a header's name and at most 253 bytes of a Host. `address`
// is the address that serve listens on. If it stands for all addresses (0.0.0.0, ::), any numeric
// Host is accepted, because only a name can be rebound. `names` must be in lower case.
std::optional<Refusal> reason_to_refuse(const http::Request& request, const std::string& address,
                                        const std::vector<std::string>& names = {});

// The same for a request that can only get the status, which contains no secret: any Host, proxies
// and web pages are accepted.
std::optional<Refusal> reason_to_refuse_form(const http::Request& request);

// Returns why to refuse a client that asks for credentials which only the users in `allowed` may
// get; nullopt if it may get them. `user` is nullopt if it is unknown who the client is.
std::optional<Refusal> reason_to_refuse_user(const std::vector<uid_t>& allowed,
                                             std::optional<uid_t> user);

}  // namespace rolecall::serve
