// Explains to a person why a request got no response.
#pragma once

#include <chrono>
#include <string>

#include "http/client_options.h"
#include "http/origin.h"
#include "rolecall/error.h"

namespace rolecall::http {

// What libcurl says about a transfer that failed.
struct TransferFailure {
  int code = 0;             // CURLcode
  std::string text;         // libcurl's message; with a proxy, it may repeat the proxy's URL
  const char* name = "";    // libcurl's text for the code
  long connect_status = 0;  // the status of the proxy's response to CONNECT; 0: none
  long os_error = 0;
  long verify_result = 0;  // X509_V_ERR_…
  bool was_connected = false;
  std::chrono::milliseconds connect_limit{0};
  bool too_large = false;
};

// The Error that explains `failure`. Throws std::bad_alloc if the transfer failed because there was
// no memory.
Error transfer_error(const Origin& origin, const ClientOptions& options,
                     const TransferFailure& failure);

}  // namespace rolecall::http
