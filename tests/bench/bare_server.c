// A bare libmicrohttpd handler with an answer as long as serve's, on one epoll thread: the rate
// that serve could have at best.
//
//   bare_server PORT
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char body[700];

static enum MHD_Result answer(void* self, struct MHD_Connection* connection, const char* url,
                              const char* method, const char* version, const char* data,
                              size_t* size, void** state) {
  static int seen;
  (void)self, (void)url, (void)method, (void)version, (void)data, (void)size;
  if (*state == NULL) {
    *state = &seen;
    return MHD_YES;
  }
  struct MHD_Response* response =
      MHD_create_response_from_buffer(sizeof body, body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  const enum MHD_Result result = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return result;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  memset(body, 'x', sizeof body);
  if (MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (unsigned short)atoi(argv[1]), NULL, NULL,
                       answer, NULL, MHD_OPTION_END) == NULL) {
    return 1;
  }
  pause();
  return 0;
}
