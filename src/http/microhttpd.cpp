#include "http/microhttpd.h"

#include "base/library.h"

namespace rolecall::http {

const Microhttpd& microhttpd() {
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
    library.find(mhd.is_feature_supported, "MHD_is_feature_supported");
    library.find(mhd.get_version, "MHD_get_version");
    return mhd;
  }();
  return loaded;
}

}  // namespace rolecall::http
