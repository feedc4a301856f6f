// Converts responses to those of libmicrohttpd. Only the server includes this header.
#pragma once

#include <memory>

#include "http/message.h"
#include "http/microhttpd.h"

namespace rolecall::http {

struct MhdResponseDelete {
  void operator()(MHD_Response* response) const noexcept {
    microhttpd().destroy_response(response);
  }
};
using MhdResponsePtr = std::unique_ptr<MHD_Response, MhdResponseDelete>;

// Does not copy the body. The body's memory is wiped once the body is sent. Throws std::bad_alloc.
MhdResponsePtr make_mhd_response(Response response);

}  // namespace rolecall::http
