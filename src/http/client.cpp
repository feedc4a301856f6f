#include "http/client.h"

#include <algorithm>
#include <array>
#include <new>

#include "base/codec.h"
#include "base/text.h"
#include "http/curl.h"
#include "http/transfer_error.h"
#include "rolecall/error.h"
#include "rolecall/version.h"

namespace rolecall::http {
namespace {

constexpr std::size_t max_response = 1 << 20;  // bytes
constexpr std::size_t max_headers = 1 << 16;

}  // namespace

std::string client_library() {
  return libcurl().version();
}

// The curl handle, and what its callbacks fill in.
struct Client::Transfer {
  CURL* handle = libcurl().easy_init();
  std::array<char, CURL_ERROR_SIZE> error_text{};
  Response response;
  std::chrono::milliseconds connect_limit{0};
  std::size_t header_bytes = 0;
  bool too_large = false;

  Transfer() {
    if (handle == nullptr) throw std::bad_alloc();
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { libcurl().easy_cleanup(handle); }

  template <class Value>
  void set(CURLoption option, Value value) const {
    set_curl_option(handle, option, value);
  }
  CURLcode run(const Deadline& deadline, std::chrono::milliseconds connect_timeout);
  template <class Value>
  Value info(CURLINFO what) const {
    return curl_info<Value>(handle, what);
  }

  // libcurl calls these functions. No exception may pass through libcurl, because it is C. The
  // result 0 ends the transfer.
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

  bool take_header(std::string_view bytes) {
    header_bytes += bytes.size();
    too_large = header_bytes > max_headers;
    const std::string_view line = trim(bytes);
    // The headers before this line belong to a 100 Continue or to a proxy's 200.
    if (line.starts_with("HTTP/")) response.headers.clear();
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      response.headers.push_back(
          {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
    }
    return !too_large;
  }
  bool take_body(std::string_view bytes) {
    too_large = response.body.size() + bytes.size() > max_response;
    if (!too_large) response.body.append(bytes);
    return !too_large;
  }
};

Client::Client(Origin origin, ClientOptions options, Reporter reporter)
    : origin_(std::move(origin)), options_(std::move(options)), reporter_(std::move(reporter)) {
  initialize_libcurl(CurlMemory::plain);
  transfer_ = std::make_unique<Transfer>();
  Transfer& t = *transfer_;
  t.set(CURLOPT_ERRORBUFFER, t.error_text.data());
  t.set(CURLOPT_NOSIGNAL, 1L);
  t.set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs must not delay the exit
  t.set(CURLOPT_PROTOCOLS_STR, origin_.scheme.c_str());
  t.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  t.set(CURLOPT_FOLLOWLOCATION, 0L);
  t.set(CURLOPT_USERAGENT, "rolecall/" ROLECALL_VERSION);
  t.set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  t.set(CURLOPT_HEADERDATA, static_cast<void*>(&t));
  t.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  t.set(CURLOPT_WRITEDATA, static_cast<void*>(&t));
  if (origin_.scheme == "https") {
    set_up_tls();
  } else {
    // Plain http is only for this machine. A proxy would read its content.
    options_.use_proxy = options_.proxy_unused = false;
  }
  // An empty string keeps libcurl from reading a proxy from the environment.
  if (!options_.use_proxy) t.set(CURLOPT_PROXY, "");
}

Client::~Client() = default;

void Client::set_up_tls() {
  transfer_->set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (options_.keep_issuer) transfer_->set(CURLOPT_CERTINFO, 1L);
  if (!options_.verify_tls) {
    transfer_->set(CURLOPT_SSL_VERIFYPEER, 0L);
    transfer_->set(CURLOPT_SSL_VERIFYHOST, 0L);
    return;
  }
  const bool is_given = !options_.ca_store.bundle.empty() || !options_.ca_store.directory.empty();
  if (is_given) {
    check_ca_store(options_.ca_store);
  } else {
    options_.ca_store = system_ca_store();
  }
  if (options_.ca_store.bundle.empty() && options_.ca_store.directory.empty()) {
    throw Error(
        ErrorKind::usage,
        "this machine has no CA certificates, so the server's certificate cannot be verified",
        "install CA certificates (often the package ca-certificates), or name a PEM file of CA "
        "certificates with "
        "`ca-bundle`, AWS_CA_BUNDLE or SSL_CERT_FILE");
  }
  has_unused_bundle_ =
      !is_given && !options_.ca_store.directory.empty() && !options_.ca_store.bundle.empty();
  use_ca_store(has_unused_bundle_ ? CaStore{options_.ca_store.directory, ""} : options_.ca_store);
}

void Client::use_ca_store(const CaStore& store) const {
  // If a path is empty, sets nullptr, because libcurl has its own defaults.
  const auto path = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  for (const CURLoption option : {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO}) {
    transfer_->set(option, path(store.bundle));
  }
  for (const CURLoption option : {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH}) {
    transfer_->set(option, path(store.directory));
  }
  reporter_.trace([&] {
    return "CA certificates: " + (store.directory.empty() ? "" : "directory " + store.directory) +
           (store.directory.empty() || store.bundle.empty() ? "" : ", ") +
           (store.bundle.empty() ? "" : "file " + store.bundle);
  });
}

Response Client::post(const std::string& path, const Headers& headers, const std::string& body,
                      const Deadline& deadline) {
  Transfer& t = *transfer_;
  CurlList list;
  for (const Header& header : headers)
    append(list, header.name + ": " + header.value);
  t.set(CURLOPT_HTTPHEADER, list.get());
  t.set(CURLOPT_POST, 1L);
  t.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  t.set(CURLOPT_POSTFIELDS, body.data());
  return send(path, deadline);
}

Response Client::get(const std::string& path, const Deadline& deadline) {
  transfer_->set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  transfer_->set(CURLOPT_HTTPGET, 1L);
  return send(path, deadline);
}

Connection Client::connection() const {
  const Transfer& t = *transfer_;
  Connection connection;
  if (const char* address = t.info<const char*>(CURLINFO_PRIMARY_IP)) connection.address = address;
  connection.through_proxy = t.info<long>(CURLINFO_HTTP_CONNECTCODE) != 0;
  connection.time = std::chrono::milliseconds(t.info<curl_off_t>(CURLINFO_TOTAL_TIME_T) / 1000);
  const curl_certinfo* chain = t.info<curl_certinfo*>(CURLINFO_CERTINFO);
  if (chain == nullptr || chain->num_of_certs < 1) return connection;
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    constexpr std::string_view name = "Issuer:";
    if (text.starts_with(name)) connection.issuer = text.substr(name.size());
  }
  return connection;
}

Response Client::send(const std::string& path, const Deadline& deadline) {
  Transfer& t = *transfer_;
  const std::string url = origin_.text() + path;
  t.set(CURLOPT_URL, url.c_str());
  CURLcode code = t.run(deadline, options_.connect_timeout);
  if (code == CURLE_PEER_FAILED_VERIFICATION && has_unused_bundle_) {
    // One of the system's two stores may be out of date (nobody refreshed its links). Nothing was
    // sent yet, because the handshake failed. If the other store does not help, the first error is
    // reported.
    const std::array<char, CURL_ERROR_SIZE> first_text = t.error_text;
    use_ca_store({"", options_.ca_store.bundle});
    has_unused_bundle_ = false;
    if (t.run(deadline, options_.connect_timeout) == CURLE_OK) {
      code = CURLE_OK;
    } else {
      t.error_text = first_text;
    }
  }
  if (code != CURLE_OK) fail(code);
  t.response.status = static_cast<int>(t.info<long>(CURLINFO_RESPONSE_CODE));
  trace_times();
  return std::move(t.response);
}

// One attempt, in the time that is left until the deadline.
CURLcode Client::Transfer::run(const Deadline& deadline,
                               std::chrono::milliseconds connect_timeout) {
  // At least 1 ms, because libcurl takes 0 as "no limit".
  const auto timeout = std::max(deadline.left(), std::chrono::milliseconds(1));
  connect_limit = std::min(connect_timeout, timeout);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_limit.count()));
  response = Response();
  header_bytes = 0;
  too_large = false;
  error_text[0] = '\0';
  return libcurl().easy_perform(handle);
}

void Client::trace_times() const {
  reporter_.trace([this] {
    const auto ms = [this](CURLINFO what) {
      return cat(transfer_->info<curl_off_t>(what) / 1000, " ms");
    };
    const char* address = transfer_->info<const char*>(CURLINFO_PRIMARY_IP);
    return cat("answer ", transfer_->response.status, " from ", address == nullptr ? "" : address,
               " port ", transfer_->info<long>(CURLINFO_PRIMARY_PORT), ": name resolved after ",
               ms(CURLINFO_NAMELOOKUP_TIME_T), ", connected ", ms(CURLINFO_CONNECT_TIME_T),
               ", TLS ", ms(CURLINFO_APPCONNECT_TIME_T), ", first byte ",
               ms(CURLINFO_STARTTRANSFER_TIME_T), ", all ", ms(CURLINFO_TOTAL_TIME_T), ", ",
               transfer_->response.body.size(), " bytes");
  });
}

void Client::fail(int curl_code) const {
  const Transfer& t = *transfer_;
  TransferFailure failure;
  failure.code = curl_code;
  failure.text = t.error_text.data();
  failure.name = libcurl().easy_strerror(static_cast<CURLcode>(curl_code));
  failure.connect_status = t.info<long>(CURLINFO_HTTP_CONNECTCODE);
  failure.os_error = t.info<long>(CURLINFO_OS_ERRNO);
  failure.verify_result = t.info<long>(CURLINFO_SSL_VERIFYRESULT);
  failure.was_connected = t.info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) != 0;
  failure.connect_limit = t.connect_limit;
  failure.too_large = t.too_large;
  throw Error(transfer_error(origin_, options_, failure));
}

}  // namespace rolecall::http
