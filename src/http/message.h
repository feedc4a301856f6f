// Requests and responses. The client and the server use the same types.
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

// Whether two header names are the same. Upper and lower case are the same (RFC 9110, 5.1).
bool same_name(std::string_view a, std::string_view b);

// The value of the first header of this name, in upper or lower case; nullptr if there is none.
const std::string* find(const Headers& headers, std::string_view name);

struct Request {
  std::string method;
  std::string path = "/";  // as on the wire: still percent-encoded, no query
  std::string query;       // as on the wire, without "?"
  Headers headers;
  std::string body;
  bool body_too_large = false;  // server only: the body was over the limit and was dropped
  // Server only: what is wrong with the form of the request; empty if nothing is. The handler
  // refuses such a request with a 400. The connection ends with the response, because nobody knows
  // where the request ends.
  std::string malformed;
  std::string peer;  // server only: the client's address, such as "127.0.0.1:40404"
  // Server only: the address of the server, if it listens on all addresses of the machine; else
  // empty.
  std::string local;
  // Server only: a number that no other connection of this server ever has. 0: unknown.
  std::uint64_t connection = 0;
};

struct Response {
  int status = 0;
  Headers headers;
  Secret body;  // may contain credentials
  // Server only: if set, this is sent in place of `body`. Many responses can share it without a
  // copy.
  std::shared_ptr<const Secret> shared_body;
  // Server only: the response promises the whole body, but the connection is closed after so many
  // bytes (for the emulator's faults).
  std::optional<std::size_t> truncate_after;
  bool close = false;  // server only: the connection ends with this response
};

}  // namespace rolecall::http
