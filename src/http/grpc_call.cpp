#include "http/grpc_call.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/codec.h"
#include "base/text.h"
#include "http/curl.h"
#include "http/grpc_frames.h"
#include "rolecall/version.h"

namespace rolecall::http {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_header_bytes = 1 << 16;
// A server that never stops to send must not keep the caller for ever.
constexpr int max_rounds_without_wait = 100;
// libcurl 7.88 sometimes waits for the socket although it has received data that it has not handed
// over. So no single wait is longer than this.
constexpr milliseconds longest_wait{50};

void require_http2() {
  const curl_version_info_data* info = libcurl_streams().version_info(CURLVERSION_NOW);
  for (const auto& [feature, name] : {std::pair(CURL_VERSION_HTTP2, "HTTP/2"),
                                      std::pair(CURL_VERSION_UNIX_SOCKETS, "Unix sockets")}) {
    if ((info->features & feature) != 0) continue;
    throw Error(
        ErrorKind::failed,
        cat("this libcurl, version ", info->version, ", was built without ", name),
        "a SPIFFE agent needs it: install the libcurl of the distribution, or use the portable "
        "program, which has everything inside");
  }
}

// libcurl 7.88 makes a pair of sockets for each multi handle, which commands would inherit. Nothing
// tells which ones, so these are the descriptors that were not open before.
CURLM* multi_handle_that_is_not_inherited() {
  std::array<bool, 256> was_open{};
  const auto is_open = [](std::size_t fd) { return fcntl(static_cast<int>(fd), F_GETFD) >= 0; };
  for (std::size_t fd = 0; fd < was_open.size(); ++fd)
    was_open.at(fd) = is_open(fd);
  CURLM* handle = libcurl_streams().multi_init();
  for (std::size_t fd = 0; fd < was_open.size(); ++fd)
    if (!was_open.at(fd) && is_open(fd)) fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
  return handle;
}

// Commands that rolecall starts must not inherit the connection, on which keys arrive.
curl_socket_t open_socket(void* /*unused*/, curlsocktype /*purpose*/, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

struct GrpcCall::Transfer {
  struct HandleDelete {
    void operator()(CURL* one) const noexcept { libcurl().easy_cleanup(one); }
  };
  struct MultiDelete {
    void operator()(CURLM* one) const noexcept { libcurl_streams().multi_cleanup(one); }
  };

  explicit Transfer(std::size_t longest_message) : frames(longest_message) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (is_added) libcurl_streams().multi_remove_handle(multi.get(), handle.get());
  }

  std::unique_ptr<CURLM, MultiDelete> multi{multi_handle_that_is_not_inherited()};
  std::unique_ptr<CURL, HandleDelete> handle{libcurl().easy_init()};
  CurlList headers_sent;
  Secret request = grpc_frame({});
  bool is_added = false;

  Headers headers;
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;
  GrpcFrames frames;
  std::optional<Error> problem;
  std::optional<GrpcEnd> end;

  template <class Value>
  void set(CURLoption option, Value value) const {
    set_curl_option(handle.get(), option, value);
  }
  template <class Value>
  Value info(CURLINFO what) const {
    return curl_info<Value>(handle.get(), what);
  }

  // libcurl calls these functions. No exception may pass through libcurl, because it is C. Another
  // result than the size ends the transfer.
  static std::size_t on_header(const char* data, std::size_t /*one*/, std::size_t size,
                               void* self) noexcept try {
    return static_cast<Transfer*>(self)->take_header({data, size}) ? size : 0;
  } catch (const std::exception&) {
    return 0;
  }
  static std::size_t on_body(const char* data, std::size_t /*one*/, std::size_t size,
                             void* self) noexcept try {
    return static_cast<Transfer*>(self)->take_body({data, size}) ? size : 0;
  } catch (const std::exception&) {
    return 0;
  }

  bool is_grpc() const {
    const std::string* type = find(headers, "content-type");
    return info<long>(CURLINFO_RESPONSE_CODE) == 200 && type != nullptr &&
           type->starts_with("application/grpc");
  }
  // Trailers come here too.
  bool take_header(std::string_view bytes) {
    header_bytes += bytes.size();
    if (header_bytes > max_header_bytes) {
      problem =
          Error(ErrorKind::failed, cat("it has more than ", max_header_bytes, " bytes of headers"));
      return false;
    }
    const std::string_view line = trim(bytes);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      headers.push_back(
          {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
    }
    return true;
  }
  bool take_body(std::string_view bytes) {
    body_bytes += bytes.size();
    if (!is_grpc()) return false;
    try {
      frames.add(bytes);
    } catch (const Error& error) {
      problem = error;
    }
    return !problem;
  }

  void perform() {
    int running = 0;
    const CURLMcode code = libcurl_streams().multi_perform(multi.get(), &running);
    if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
    int left = 0;
    const CURLMsg* message = libcurl_streams().multi_info_read(multi.get(), &left);
    if (message != nullptr && message->msg == CURLMSG_DONE) finish(message->data.result);
    // libcurl 7.88 goes on if a callback refuses headers.
    if (problem && !end) finish(CURLE_WRITE_ERROR);
  }
  void finish(CURLcode result);
};

void GrpcCall::Transfer::finish(CURLcode result) {
  if (result == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  GrpcEnd found;
  found.http_status = static_cast<int>(info<long>(CURLINFO_RESPONSE_CODE));
  found.os_error = static_cast<int>(info<long>(CURLINFO_OS_ERRNO));
  found.problem = problem;
  const std::string* status = find(headers, "grpc-status");
  const auto number = status == nullptr ? std::nullopt : parse_number<int>(*status);
  if (problem) {
    found.how = GrpcEnd::How::bad_message;
  } else if (result == CURLE_COULDNT_CONNECT || result == CURLE_OPERATION_TIMEDOUT) {
    found.how = GrpcEnd::How::no_connection;
  } else if (found.http_status != 0 && !is_grpc()) {
    found.how = GrpcEnd::How::no_grpc;
  } else if (number) {
    found.how = GrpcEnd::How::status;
    found.status = *number;
    if (const std::string* message = find(headers, "grpc-message"))
      found.message = percent_decode(*message).value_or(*message);
  } else if (found.http_status == 0) {
    found.how = GrpcEnd::How::no_answer;
  }
  end = std::move(found);
}

GrpcCall::GrpcCall(const GrpcServer& server, const GrpcOptions& options) {
  initialize_libcurl(CurlMemory::wiped);
  require_http2();
  transfer_ = std::make_unique<Transfer>(options.longest_message);
  Transfer& t = *transfer_;
  if (!t.multi || !t.handle) throw std::bad_alloc();
  for (const Header& header : Headers{{"Content-Type", "application/grpc"}, {"TE", "trailers"}})
    append(t.headers_sent, header.name + ": " + header.value);
  for (const Header& header : options.headers)
    append(t.headers_sent, header.name + ": " + header.value);
  const bool is_unix = !server.socket.empty();
  const std::string url = cat("http://", is_unix ? "localhost" : server.address, options.path);
  t.set(CURLOPT_URL, url.c_str());
  if (is_unix) t.set(CURLOPT_UNIX_SOCKET_PATH, server.socket.c_str());
  t.set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  t.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
  t.set(CURLOPT_PROTOCOLS_STR, "http");
  t.set(CURLOPT_PROXY, "");  // keeps libcurl from reading a proxy from the environment
  t.set(CURLOPT_NOSIGNAL, 1L);
  t.set(CURLOPT_USERAGENT, "rolecall/" ROLECALL_VERSION);
  t.set(CURLOPT_HTTPHEADER, t.headers_sent.get());
  t.set(CURLOPT_POST, 1L);
  t.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(t.request.size()));
  t.set(CURLOPT_POSTFIELDS, t.request.view().data());
  t.set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  t.set(CURLOPT_HEADERDATA, static_cast<void*>(&t));
  t.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  t.set(CURLOPT_WRITEDATA, static_cast<void*>(&t));
  if (libcurl_streams().multi_add_handle(t.multi.get(), t.handle.get()) != CURLM_OK)
    throw std::bad_alloc();
  t.is_added = true;
}

GrpcCall::~GrpcCall() = default;

void GrpcCall::work(milliseconds wait) {
  Transfer& t = *transfer_;
  const auto until = std::chrono::steady_clock::now() + wait;
  for (int round = 0; !t.end; ++round) {
    const std::size_t before = t.body_bytes + t.header_bytes;
    t.perform();
    if (t.end || t.frames.has_message()) return;
    // If something came, more may be in the buffers of libcurl, which no poll sees.
    const bool has_received = t.body_bytes + t.header_bytes != before;
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= milliseconds(0) && (!has_received || round >= max_rounds_without_wait)) return;
    if (has_received) continue;
    libcurl_streams().multi_poll(t.multi.get(), nullptr, 0,
                                 static_cast<int>(std::min(left, longest_wait).count()), nullptr);
  }
}

std::optional<Secret> GrpcCall::take_newest_message() {
  return transfer_->frames.take_newest();
}

const std::optional<GrpcEnd>& GrpcCall::end() const {
  return transfer_->end;
}

}  // namespace rolecall::http
