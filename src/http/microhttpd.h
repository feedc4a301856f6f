// libmicrohttpd, which is loaded when the first server starts. libmicrohttpd brings GnuTLS with it,
// and most runs start no server. Only the server includes this header.
#pragma once

#include <microhttpd.h>

#include "base/library.h"

namespace rolecall::http {

#define ROLECALL_MICROHTTPD_FUNCTIONS(USE)                      \
  USE(MHD_, start_daemon)                                       \
  USE(MHD_, quiesce_daemon)                                     \
  USE(MHD_, stop_daemon)                                        \
  USE(MHD_, get_daemon_info)                                    \
  USE(MHD_, get_timeout)                                        \
  USE(MHD_, run)                                                \
  USE(MHD_, add_connection)                                     \
  USE(MHD_, get_connection_info)                                \
  USE(MHD_, get_connection_values_n)                            \
  USE(MHD_, create_response_from_callback)                      \
  USE(MHD_, create_response_from_buffer_with_free_callback_cls) \
  USE(MHD_, add_response_header)                                \
  USE(MHD_, queue_response)                                     \
  USE(MHD_, destroy_response)                                   \
  USE(MHD_, get_version)

struct Microhttpd {
  ROLECALL_MICROHTTPD_FUNCTIONS(ROLECALL_POINTER)
};

// Throws Error (failed) if libmicrohttpd cannot be loaded.
const Microhttpd& microhttpd();

}  // namespace rolecall::http
