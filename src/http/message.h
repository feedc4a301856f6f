// Requests and responses, the same for the client and the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::http {

struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;

// Whether two names of headers are the same, whatever their case.
bool same_name(std::string_view a, std::string_view b);

// The first header of this name, whatever its case; nullptr where there is none.
const std::string* find(const Headers& headers, std::string_view name);

struct Request {
  std::string method;
  std::string path = "/";  // as on the wire: still percent-encoded, no query
  std::string query;       // as on the wire, without "?"
  Headers headers;
  std::string body;
  bool body_too_large = false;  // a server's request: over its limit, and dropped
  // A server's request: what is wrong with its form; empty: nothing. The handler refuses it with a
  // 400. The connection ends with the answer, since nobody knows where the request ends.
  std::string malformed;
  std::string peer;  // a server's request: the client's address, "127.0.0.1:40404"
  // A server's request: a number that none of its other connections has, ever. 0: unknown.
  std::uint64_t connection = 0;
};

struct Response {
  int status = 0;
  Headers headers;
  Secret body;  // may hold credentials
  // A server's: if set, in place of `body`. The same bytes in many answers are not copied for each.
  std::shared_ptr<const Secret> shared_body;
  // A server may promise the whole body and close after so many bytes (the emulator's faults).
  std::optional<std::size_t> cut_after;
  bool close = false;  // a server's: the connection ends with it
};

}  // namespace rolecall::http
