// Many clients of a server at once.
//
//   burst PORT CONNECTIONS PAUSE REQUEST
//
// Opens all connections to 127.0.0.1 at once, without waiting. On each of them, PAUSE milliseconds
// after the connection is there, sends REQUEST (in which \r\n stands for the end of a line) and
// reads one response. Prints: responses with status 200, other responses, connections without a
// response (refused, closed, reset, or nothing for 60 s), and the milliseconds from the start to
// the end of a response with 200: median, 99th percentile, largest.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { limit_ms = 60000, most_bytes = 8192 };
enum state { connecting, pausing, waiting, done };

struct client {
  int fd;
  enum state state;
  double connected;
  size_t size;
  char answer[most_bytes + 1];
};

static double start, *times;
static size_t served, other, lost, left;
static int epoll;

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void end(struct client* one, size_t* count) {
  ++*count;
  --left;
  one->state = done;
  if (one->fd >= 0) close(one->fd);
}

static void watch(struct client* one, unsigned events, int how) {
  struct epoll_event event = {.events = events, .data.ptr = one};
  epoll_ctl(epoll, how, one->fd, &event);
}

static void send_request(struct client* one, const char* request) {
  const ssize_t size = (ssize_t)strlen(request);
  if (send(one->fd, request, (size_t)size, MSG_NOSIGNAL) != size) return end(one, &lost);
  one->state = waiting;
}

// Whether the response is complete.
static int is_whole(const struct client* one) {
  const char* body = strstr(one->answer, "\r\n\r\n");
  const char* length = strcasestr(one->answer, "\r\ncontent-length:");
  return body != NULL && length != NULL && length < body &&
         strlen(body + 4) >= strtoul(length + 17, NULL, 10);
}

static void read_response(struct client* one) {
  const ssize_t count = recv(one->fd, one->answer + one->size, most_bytes - one->size, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return end(one, &lost);
  one->size += (size_t)count;
  one->answer[one->size] = '\0';
  if (!is_whole(one)) return;
  if (strncmp(one->answer + 8, " 200", 4) != 0) return end(one, &other);
  times[served] = milliseconds() - start;
  end(one, &served);
}

static void act(struct client* one, double pause, const char* request) {
  if (one->state == connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(one, &lost);
    one->connected = milliseconds();
    one->state = pausing;
    watch(one, EPOLLIN, EPOLL_CTL_MOD);
    if (pause == 0) send_request(one, request);
  } else if (one->state == pausing) {
    end(one, &lost);  // closed before the request
  } else if (one->state == waiting) {
    read_response(one);
  }
}

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const size_t count = strtoul(argv[2], NULL, 10);
  const double pause = atof(argv[3]);
  char* request = argv[4];
  for (char *from = request, *to = request;; ++from) {
    const int is_end = strncmp(from, "\\r\\n", 4) == 0;
    if (is_end)
      *to++ = '\r', *to++ = '\n', from += 3;
    else if ((*to++ = *from) == '\0')
      break;
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct client* clients = calloc(count, sizeof *clients);
  struct epoll_event* events = calloc(count, sizeof *events);
  times = calloc(count, sizeof *times);
  epoll = epoll_create1(0);
  struct sockaddr_in server = {.sin_family = AF_INET,
                               .sin_port = htons((unsigned short)atoi(argv[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  left = count;
  start = milliseconds();
  for (size_t i = 0; i < count; ++i) {
    struct client* one = &clients[i];
    one->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (one->fd < 0 ||
        (connect(one->fd, (struct sockaddr*)&server, sizeof server) != 0 && errno != EINPROGRESS)) {
      end(one, &lost);
      continue;
    }
    watch(one, EPOLLOUT, EPOLL_CTL_ADD);
  }
  while (left > 0 && milliseconds() - start < limit_ms) {
    const int ready = epoll_wait(epoll, events, (int)count, pause == 0 ? 1000 : 5);
    for (int i = 0; i < ready; ++i)
      act(events[i].data.ptr, pause, request);
    const double now = milliseconds();
    for (size_t i = 0; pause > 0 && i < count; ++i)
      if (clients[i].state == pausing && now - clients[i].connected >= pause)
        send_request(&clients[i], request);
  }
  qsort(times, served, sizeof *times, compare);
  printf("%zu %zu %zu %.1f %.1f %.1f\n", served, other, lost + left, served ? times[served / 2] : 0,
         served ? times[served * 99 / 100] : 0, served ? times[served - 1] : 0);
  return 0;
}
