// Why there was no answer, as a person should read it.
#pragma once

#include <chrono>
#include <string>

#include "http/client.h"
#include "rolecall/error.h"

namespace rolecall::http {

// What libcurl tells of a transfer that failed.
struct TransferFailure {
  int code = 0;             // CURLcode
  std::string text;         // libcurl's own; with a proxy it may repeat that one's URL
  const char* name = "";    // libcurl's words for the code
  long connect_status = 0;  // the proxy's answer to CONNECT; 0: none
  long os_error = 0;
  long verify_result = 0;  // X509_V_ERR_…
  bool was_connected = false;
  std::chrono::milliseconds connect_limit{0};
  bool too_large = false;
};

// Throws std::bad_alloc where memory was what failed.
Error transfer_error(const Origin& origin, const ClientOptions& options,
                     const TransferFailure& failure);

}  // namespace rolecall::http
