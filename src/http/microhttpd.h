// libmicrohttpd, loaded when the first server starts: it brings GnuTLS with it, and most runs serve
// nobody. Only the server includes this.
#pragma once

#include <microhttpd.h>

#include "base/library.h"

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
};

// Throws Error (failed) where there is none.
inline const Microhttpd& microhttpd() {
  static const Microhttpd loaded = [] {
    const SharedLibrary library("libmicrohttpd.so.12", "libmicrohttpd12");
    Microhttpd mhd{};
    library.find(mhd.start_daemon, "MHD_start_daemon");
    library.find(mhd.quiesce_daemon, "MHD_quiesce_daemon");
    library.find(mhd.stop_daemon, "MHD_stop_daemon");
    library.find(mhd.get_connection_info, "MHD_get_connection_info");
    library.find(mhd.get_connection_values_n, "MHD_get_connection_values_n");
    library.find(mhd.create_response_from_callback, "MHD_create_response_from_callback");
    library.find(mhd.create_response_from_buffer,
                 "MHD_create_response_from_buffer_with_free_callback_cls");
    library.find(mhd.add_response_header, "MHD_add_response_header");
    library.find(mhd.queue_response, "MHD_queue_response");
    library.find(mhd.destroy_response, "MHD_destroy_response");
    return mhd;
  }();
  return loaded;
}

}  // namespace rolecall::http
