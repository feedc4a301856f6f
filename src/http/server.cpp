#include "http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/files.h"
#include "base/time.h"
#include "http/connection_watch.h"
#include "http/head_reader.h"
#include "http/mhd_loop.h"
#include "http/mhd_response.h"
#include "http/microhttpd.h"
#include "http/request_form.h"
#include "http/tls_context.h"
#include "http/tls_front.h"
#include "rolecall/error.h"

namespace rolecall::http {
namespace {

// The grace period at the end, in which clients that got their responses can close.
constexpr std::chrono::milliseconds grace_period{2000};
constexpr std::intptr_t thread_stack = 1024 * 1024;

// A request while it comes in, from its first line to its last byte.
struct Incoming {
  Request request;
  ConnectionWatch::Connection* connection = nullptr;
  bool has_headers = false;
  // The request target of the first line, in libmicrohttpd's memory, where it is decoded later.
  std::string_view target;
};

Response plain_text_response(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain"}, {"Date", http_date(wall_clock())}};
  response.body = Secret(text);
  return response;
}

std::string local_name(int descriptor) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size) != 0) return {};
  return socket_name(reinterpret_cast<const sockaddr*>(&name)).text();
}

}  // namespace

std::string server_library() {
  return microhttpd().get_version();
}

struct Server::Daemon {
  Handler handler;
  std::function<void(int)> on_refused_request;
  std::size_t max_body = 0;
  std::string url;
  int port = 0;
  bool listens_on_all = false;
  std::string name_for_next;  // with a TLS front: the server's end of the next connection
  std::string log;            // what libmicrohttpd says while it starts
  std::atomic<bool> started = false;
  std::atomic<bool> ending = false;
  ConnectionWatch watch;
  MHD_Daemon* mhd = nullptr;
  std::optional<MhdLoop> loop;          // empty: libmicrohttpd has its own threads
  std::unique_ptr<TlsFront> tls_front;  // empty: plain HTTP

  Daemon(Listener listener, const ServerOptions& options, Handler function)
      : handler(std::move(function)),
        on_refused_request(options.on_refused_request),
        max_body(options.max_body),
        watch(options.request_timeout,
              options.lasting_connections == 0 ? options.max_connections
                                               : options.lasting_connections,
              options.max_connections, options.request_timeout_when_full) {
    start(std::move(listener), options);
  }
  ~Daemon() {
    if (mhd == nullptr) return;
    ending = true;
    if (tls_front) tls_front->end_input();
    const Descriptor listener(stop_accepting());
    watch.drain(grace_period);
    loop.reset();
    microhttpd().stop_daemon(mhd);
  }
  Daemon(Daemon&&) = delete;

  void start(Listener listener, const ServerOptions& options);
  void prepare_tls(Listener listener, const ServerOptions& options);
  bool serve_plain(int plain, int socket, const sockaddr* client, socklen_t size);
  std::string local_name_of(int descriptor);
  int stop_accepting();
  Response answer(const Incoming& incoming) const noexcept;
  static void read_head(MHD_Connection* mhd_connection, Incoming& incoming, const char* method,
                        const char* version);
  MHD_Result receive(MHD_Connection* mhd_connection, Incoming& incoming, const char* method,
                     const char* version, const char* upload, std::size_t* upload_size);

  // libmicrohttpd calls these functions. `self` is the Daemon.
  void report_refused_request(std::string_view form, va_list arguments) const;
  static void on_log(void* self, const char* form, va_list arguments);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code);
  static void* on_first_line(void* self, const char* uri, MHD_Connection* connection);
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char* version, const char* upload,
                               std::size_t* upload_size, void** context);
  static void on_completed(void* self, MHD_Connection* connection, void** context,
                           MHD_RequestTerminationCode code);
};

void Server::Daemon::on_log(void* self, const char* form, va_list arguments) {
  auto* daemon = static_cast<Daemon*>(self);
  if (daemon->started) return daemon->report_refused_request(form, arguments);
  char line[256];
  if (std::vsnprintf(line, sizeof line, form, arguments) > 0) daemon->log = trim(line);
}

// If libmicrohttpd answers a request by itself, it tells only the logger. The other log lines are
// about clients that closed the connection.
void Server::Daemon::report_refused_request(std::string_view form, va_list arguments) const {
  constexpr std::string_view words = "Error processing request (HTTP response code is %u ";
  if (on_refused_request && form.starts_with(words)) on_refused_request(va_arg(arguments, int));
}

void Server::Daemon::on_connection(void* self, MHD_Connection* connection, void** context,
                                   MHD_ConnectionNotificationCode code) {
  auto* daemon = static_cast<Daemon*>(self);
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    daemon->watch.remove(static_cast<ConnectionWatch::Connection*>(*context));
    *context = nullptr;
    if (daemon->tls_front) daemon->tls_front->server_has_ended_one();
    return;
  }
  try {
    // From version 1.0 on, libmicrohttpd returns the same memory each time.
    const int descriptor =
        microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const sockaddr* address =
        microhttpd()
            .get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    *context = daemon->watch.add(descriptor, socket_name(address).text(),
                                 daemon->local_name_of(descriptor));
  } catch (const std::exception&) {
    *context = nullptr;  // no memory: on_first_line refuses the requests of this connection
  }
}

void* Server::Daemon::on_first_line(void* /*self*/, const char* uri, MHD_Connection* connection) {
  const auto* info =
      microhttpd().get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info == nullptr || info->socket_context == nullptr) return nullptr;
  try {
    auto incoming = std::make_unique<Incoming>();
    incoming->connection = static_cast<ConnectionWatch::Connection*>(info->socket_context);
    // Only here, path and query are as the client sent them. Later they are decoded.
    const std::string_view target(uri);
    const std::size_t question_mark = target.find('?');
    incoming->target = target;
    incoming->request.path = target.substr(0, question_mark);
    if (question_mark != std::string_view::npos)
      incoming->request.query = target.substr(question_mark + 1);
    return incoming.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}

MHD_Result Server::Daemon::on_request(void* self, MHD_Connection* connection, const char* /*url*/,
                                      const char* method, const char* version, const char* upload,
                                      std::size_t* upload_size, void** context) {
  if (*context == nullptr) return MHD_NO;
  try {
    return static_cast<Daemon*>(self)->receive(connection, *static_cast<Incoming*>(*context),
                                               method, version, upload, upload_size);
  } catch (const std::exception&) {
    return MHD_NO;  // no memory: libmicrohttpd closes the connection
  }
}

void Server::Daemon::on_completed(void* self, MHD_Connection* /*connection*/, void** context,
                                  MHD_RequestTerminationCode /*code*/) {
  const std::unique_ptr<Incoming> incoming(static_cast<Incoming*>(*context));
  *context = nullptr;
  if (incoming) static_cast<Daemon*>(self)->watch.start_clock(*incoming->connection);
}

Response Server::Daemon::answer(const Incoming& incoming) const noexcept {
  try {
    return handler(incoming.request);
  } catch (...) {
    return plain_text_response(500, "internal error\n");
  }
}

void Server::Daemon::read_head(MHD_Connection* mhd_connection, Incoming& incoming,
                               const char* method, const char* version) {
  Request& request = incoming.request;
  request.method = method;
  request.peer = incoming.connection->peer;
  request.local = incoming.connection->local;
  request.connection = incoming.connection->number;
  request.headers.reserve(8);
  HeadReader reader(request.headers, method, incoming.target, version);
  microhttpd().get_connection_values_n(
      mhd_connection, MHD_HEADER_KIND,
      [](void* self, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
         std::size_t value_size) {
        try {
          static_cast<HeadReader*>(self)->add(name, name_size, value, value_size);
          return MHD_YES;
        } catch (const std::exception&) {
          return MHD_NO;  // no memory: the request goes on with fewer headers and is refused
        }
      },
      &reader);
  const auto* size =
      microhttpd().get_connection_info(mhd_connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  request.malformed = form_error(request);
  if (request.malformed.empty() &&
      (size == nullptr || !reader.is_complete(method + size->header_size))) {
    request.malformed = "a NUL or a second space, or a header that continues in the next line";
  }
}

// Called once for the headers, once for each piece of the body and once at its end.
MHD_Result Server::Daemon::receive(MHD_Connection* mhd_connection, Incoming& incoming,
                                   const char* method, const char* version, const char* upload,
                                   std::size_t* upload_size) {
  Request& request = incoming.request;
  if (!incoming.has_headers) {
    incoming.has_headers = true;
    read_head(mhd_connection, incoming, method, version);
    if (max_body == 0 && find(request.headers, "transfer-encoding") != nullptr)
      request.malformed = "a Transfer-Encoding, although no request to this server has a body";
    const std::string* length = find(request.headers, "content-length");
    request.body_too_large =
        length != nullptr && std::strtoull(length->c_str(), nullptr, 10) > max_body;
    // A body that is too large is read and dropped, because a client that is still writing may
    // never see a response. But if the client asked first (Expect), it gets the response at once.
    // So does a client whose request is malformed, because nobody knows where its body ends.
    const bool asked = find(request.headers, "expect") != nullptr;
    if (request.malformed.empty() && !(request.body_too_large && asked)) return MHD_YES;
  } else if (*upload_size > 0) {
    request.body_too_large =
        request.body_too_large || request.body.size() + *upload_size > max_body;
    if (!request.body_too_large) request.body.append(upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
  }
  ConnectionWatch::stop_clock(*incoming.connection);
  Response response = answer(incoming);
  const auto status = static_cast<unsigned>(response.status);
  const bool close = response.close || !request.malformed.empty() || ending || watch.crowded();
  const MhdResponsePtr made = make_mhd_response(std::move(response));
  // If there are many connections, each ends after one response. So does it when the server stops:
  // with epoll, libmicrohttpd does not notice the end of input that drain() causes.
  if (close) microhttpd().add_response_header(made.get(), "Connection", "close");
  watch.start_clock(*incoming.connection);  // from now on, the client must take the response
  return microhttpd().queue_response(mhd_connection, status, made.get());
}

void Server::Daemon::start(Listener listener, const ServerOptions& options) {
  const bool one_thread = options.threads == Threads::one;
  const bool tls = !options.tls_certificate.empty();
  port = listener.name().port;
  listens_on_all = listener.name().address == "0.0.0.0" || listener.name().address == "::";
  url = (tls ? "https://" : "http://") + listener.name().text();

  // The TLS front keeps to the limit by itself. libmicrohttpd counts a connection as open for a
  // moment after it has said that the connection ended, and would refuse the next one.
  const std::intptr_t mhd_limit =
      (tls ? 2 : 1) * static_cast<std::intptr_t>(options.max_connections);

  std::vector<MHD_OptionItem> items = {
      {MHD_OPTION_CONNECTION_LIMIT, mhd_limit, nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<std::intptr_t>(options.connection_memory),
       nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, options.idle_timeout.count(), nullptr},
      {MHD_OPTION_THREAD_STACK_SIZE, thread_stack, nullptr},
      // Since 0.9.76, libmicrohttpd would otherwise accept blanks in a path and headers in two
      // lines.
      {MHD_OPTION_STRICT_FOR_CLIENT, 1, nullptr},
      {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, nullptr},  // MhdLoop blocks it
  };
  // At its limit of connections, libmicrohttpd stops accepting only with select and with epoll.
  // With poll, it resets the next connection. The handler adds the Date header.
  unsigned flags = MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ERROR_LOG;
  flags |= one_thread
               ? MHD_USE_EPOLL
               : MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_THREAD_PER_CONNECTION;
  if (listener.name().ipv6) flags |= MHD_USE_IPv6;
  if (tls) {
    prepare_tls(std::move(listener), options);
    flags |= MHD_USE_NO_LISTEN_SOCKET;
  } else {
    items.push_back({MHD_OPTION_LISTEN_SOCKET, listener.release(), nullptr});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});
  // The logger is the first option, so that it gets the errors in the other options.
  mhd = microhttpd().start_daemon(
      flags, 0, nullptr, nullptr, on_request, this, MHD_OPTION_EXTERNAL_LOGGER, on_log, this,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, this, MHD_OPTION_URI_LOG_CALLBACK, on_first_line,
      this, MHD_OPTION_NOTIFY_COMPLETED, on_completed, this, MHD_OPTION_ARRAY, items.data(),
      MHD_OPTION_END);
  if (mhd == nullptr) {
    throw Error(ErrorKind::failed,
                "the HTTP server cannot be started" + (log.empty() ? "" : ": " + log));
  }
  started = true;
  try {
    if (one_thread) loop.emplace(mhd);
    if (tls_front) tls_front->start();
  } catch (const std::exception&) {
    loop.reset();
    microhttpd().stop_daemon(mhd);
    throw;
  }
}

// Returns the listening descriptor, or -1.
int Server::Daemon::stop_accepting() {
  if (!loop) return microhttpd().quiesce_daemon(mhd);
  std::promise<int> listener;
  loop->post([this, &listener] { listener.set_value(microhttpd().quiesce_daemon(mhd)); });
  return listener.get_future().get();
}

// The server's end of a connection, if the server has several addresses.
std::string Server::Daemon::local_name_of(int descriptor) {
  if (!listens_on_all) return {};
  return tls_front ? std::move(name_for_next) : local_name(descriptor);
}

// Called in the thread of the TLS front.
bool Server::Daemon::serve_plain(int plain, int socket, const sockaddr* client, socklen_t size) {
  if (!loop) return microhttpd().add_connection(mhd, plain, client, size) == MHD_YES;
  sockaddr_storage name{};
  std::memcpy(&name, client, size);
  loop->post([this, plain, local = listens_on_all ? local_name(socket) : "", name, size] {
    name_for_next = local;
    const auto* address = reinterpret_cast<const sockaddr*>(&name);
    if (microhttpd().add_connection(mhd, plain, address, size) != MHD_YES)
      tls_front->server_has_ended_one();
  });
  return true;
}

void Server::Daemon::prepare_tls(Listener listener, const ServerOptions& options) {
  const TlsFront::Limits limits = {
      options.max_connections,
      std::min<std::chrono::milliseconds>(options.idle_timeout, options.request_timeout),
      // A handshake takes a client several steps, and it computes in between.
      10 * options.request_timeout_when_full};
  tls_front = std::make_unique<TlsFront>(
      Descriptor(listener.release()), make_tls_context(options.tls_certificate, options.tls_key),
      limits, [this](int plain, int socket, const sockaddr* client, socklen_t size) {
        return serve_plain(plain, socket, client, size);
      });
}

Server::Server(Listener listener, const ServerOptions& options, Handler handler)
    : daemon_(std::make_unique<Daemon>(std::move(listener), options, std::move(handler))) {}

Server::~Server() = default;

void Server::replace_tls(const std::string& certificate, const Secret& key) {
  daemon_->tls_front->replace_context(make_tls_context(certificate, key));
}

int Server::port() const {
  return daemon_->port;
}

std::string Server::url() const {
  return daemon_->url;
}

}  // namespace rolecall::http
