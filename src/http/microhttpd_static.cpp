// In place of microhttpd.cpp in the static build.
#include "http/microhttpd.h"

namespace rolecall::http {

const Microhttpd& microhttpd() {
  static constexpr Microhttpd linked = {
      .start_daemon = MHD_start_daemon,
      .quiesce_daemon = MHD_quiesce_daemon,
      .stop_daemon = MHD_stop_daemon,
      .get_connection_info = MHD_get_connection_info,
      .get_connection_values_n = MHD_get_connection_values_n,
      .create_response_from_callback = MHD_create_response_from_callback,
      .create_response_from_buffer = MHD_create_response_from_buffer_with_free_callback_cls,
      .add_response_header = MHD_add_response_header,
      .queue_response = MHD_queue_response,
      .destroy_response = MHD_destroy_response,
      .is_feature_supported = MHD_is_feature_supported,
      .get_version = MHD_get_version,
  };
  return linked;
}

}  // namespace rolecall::http
