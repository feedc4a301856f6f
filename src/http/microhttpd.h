// libmicrohttpd, loaded when the first server starts: it brings GnuTLS with it, and most runs serve
// nobody. Only the server includes this.
#pragma once

#include <microhttpd.h>

namespace rolecall::http {

struct Microhttpd {
  decltype(&MHD_start_daemon) start_daemon;
  decltype(&MHD_quiesce_daemon) quiesce_daemon;
  decltype(&MHD_stop_daemon) stop_daemon;
  decltype(&MHD_get_connection_info) get_connection_info;
  decltype(&MHD_get_connection_values_n) get_connection_values_n;
  decltype(&MHD_create_response_from_callback) create_response_from_callback;
  decltype(&MHD_create_response_from_buffer_with_free_callback_cls) create_response_from_buffer;
  decltype(&MHD_add_response_header) add_response_header;
  decltype(&MHD_queue_response) queue_response;
  decltype(&MHD_destroy_response) destroy_response;
  decltype(&MHD_is_feature_supported) is_feature_supported;
  decltype(&MHD_get_version) get_version;
};

// Throws Error (failed) where there is none.
const Microhttpd& microhttpd();

}  // namespace rolecall::http
