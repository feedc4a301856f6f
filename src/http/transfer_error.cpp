#include "http/transfer_error.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <charconv>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>

#include "base/codec.h"
#include "base/openssl.h"
#include "base/text.h"
#include "base/time.h"
#include "http/curl.h"

namespace rolecall::http {
namespace {

std::string network_hint(const ClientOptions& options) {
  if (options.proxy_unused) {
    return "the environment names a proxy, which is only used with `with-proxy`";
  }
  if (options.use_proxy) return "check the proxy that HTTPS_PROXY names, or leave out `with-proxy`";
  return "check the network, the firewall and the endpoint's name";
}

Error proxy_refusal(const std::string& server, const ClientOptions& options, long status) {
  const std::string what = cat("the proxy refused to connect to ", server, ": HTTP ", status);
  if (status == 407 || status == 401) {
    return {ErrorKind::failed, what,
            options.proxy_has_user
                ? "the proxy does not accept the user and the password in HTTPS_PROXY; special "
                  "characters in the user and the password must be percent-encoded (@ is %40)"
                : "the proxy requires a user name and a password: "
                  "HTTPS_PROXY=http://user:password@proxy"};
  }
  return {status >= 500 ? ErrorKind::try_later : ErrorKind::failed, what,
          "ask the owner of the proxy to allow this host"};
}

// libssl's reason in libcurl's message: "wrong version number" if the message contains
// "error:0A00010B:SSL routines::wrong version number, errno 0". In the portable program, OpenSSL
// has not loaded its texts when libcurl asks for them, so there the code is looked up. Empty if
// there is no reason.
std::string tls_reason(std::string_view text) {
  const std::size_t at = text.find("error:0A");  // libssl's codes begin with 0A
  if (at == std::string_view::npos) return {};
  const std::string_view digits = text.substr(at).substr(6, 8);
  unsigned long code = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (const char* reason = openssl_reason(code)) return reason;
  text = text.substr(0, text.find(", errno"));
  return std::string(trim(text.substr(text.rfind(':') + 1)));
}

struct TlsReason {
  std::string_view part;  // part of OpenSSL's reason
  const char* what;       // follows the server's name in the message
  const char* hint;
};

constexpr std::array<TlsReason, 11> tls_reasons = {{
    {"wrong version number", "does not speak TLS",
     "is the port a plain-http port? check the endpoint"},
    {"packet length too long", "does not speak TLS",
     "is the port a plain-http port? check the endpoint"},
    {"record layer failure", "does not speak TLS",
     "is the port a plain-http port? check the endpoint"},
    {"protocol version", "and this program have no TLS version in common",
     "the server needs TLS 1.2 or newer"},
    {"unsupported protocol", "and this program have no TLS version in common",
     "the server needs TLS 1.2 or newer"},
    {"handshake failure", "and this program have no cipher, curve or signature in common",
     "check the server's TLS settings and this machine's policy (openssl.cnf)"},
    {"no shared cipher", "and this program have no cipher in common",
     "check the server's TLS settings and this machine's policy (openssl.cnf)"},
    {"certificate required", "requires a TLS certificate of the client",
     "the service does not: is this endpoint IAM Roles Anywhere?"},
    {"bad certificate", "requires another TLS certificate of the client",
     "the service does not: is this endpoint IAM Roles Anywhere?"},
    {"unrecognized name", "does not know this host name", "check the endpoint's name"},
    {"dh key too small", "uses a key exchange that is too weak",
     "check the server's TLS settings and this machine's policy (openssl.cnf)"},
}};

std::optional<Error> known_tls_error(const std::string& server, const std::string& reason) {
  for (const TlsReason& known : tls_reasons) {
    if (reason.find(known.part) == std::string::npos) continue;
    return Error(ErrorKind::failed, server + " " + known.what, known.hint);
  }
  return std::nullopt;
}

Error verification_error(const std::string& server, const TransferFailure& failure,
                         const std::string& detail) {
  // libcurl checks the name after OpenSSL has accepted the certificate, but before libcurl has
  // noted OpenSSL's result. So if there is no error from OpenSSL, the name does not match.
  if (failure.verify_result <= X509_V_ERR_UNSPECIFIED) {
    return {ErrorKind::failed,
            "the TLS certificate of " + server + " is for another host: " + detail,
            "check the endpoint's name, and which address this machine has for it"};
  }
  return {ErrorKind::failed, "the TLS certificate of " + server + " cannot be verified: " + detail,
          "name the CA that issued it with `ca-bundle` or AWS_CA_BUNDLE (a proxy that decrypts TLS "
          "has its own CA); `no-verify-ssl` is only for tests"};
}

// What an error is about, as its message says it.
struct Context {
  const Origin& origin;
  const ClientOptions& options;
  const TransferFailure& failure;
  std::string server;
  std::string detail;      // libcurl's message
  std::string tls_reason;  // OpenSSL's reason; may be empty
  std::string hint;        // for network errors
};

// Errors that come before anything was sent; nothing for other errors.
std::optional<Error> connection_error(const Context& context) {
  switch (context.failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(ErrorKind::try_later, "cannot resolve the name " + context.origin.host,
                   context.hint);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Error(ErrorKind::try_later,
                   "cannot resolve the name of the proxy on the way to " + context.server,
                   "check HTTPS_PROXY, or leave out `with-proxy`");
    case CURLE_COULDNT_CONNECT:
      return Error(ErrorKind::try_later,
                   "cannot connect to " + context.server +
                       (context.options.use_proxy ? " (a proxy is in use): " : ": ") +
                       (context.failure.os_error != 0
                            ? std::strerror(static_cast<int>(context.failure.os_error))
                            : context.detail),
                   context.hint);
    case CURLE_OPERATION_TIMEDOUT:
      if (context.failure.was_connected) return std::nullopt;
      return Error(ErrorKind::try_later,
                   "no connection to " + context.server + " within " +
                       seconds_text(context.failure.connect_limit),
                   context.hint);
    case CURLE_URL_MALFORMAT:
      return Error(ErrorKind::usage,
                   context.options.use_proxy ? "the proxy's URL, or the endpoint's, is malformed"
                                             : "the endpoint's URL is malformed",
                   "a URL has the form scheme://host:port");
    default:
      return std::nullopt;
  }
}

std::optional<Error> tls_error(const Context& context) {
  switch (context.failure.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return verification_error(context.server, context.failure, context.detail);
    case CURLE_SSL_CONNECT_ERROR:
      // An unknown reason may mean that the connection broke in the middle, so another try may
      // work.
      return Error(ErrorKind::try_later,
                   "the TLS handshake with " + context.server + " failed" +
                       (context.tls_reason.empty() ? "" : ": " + context.tls_reason),
                   context.hint);
    case CURLE_SSL_CACERT_BADFILE:
      return Error(
          ErrorKind::usage,
          "cannot read CA certificates from " + (context.options.ca_store.bundle.empty()
                                                     ? context.options.ca_store.directory
                                                     : context.options.ca_store.bundle),
          "`ca-bundle`, AWS_CA_BUNDLE and SSL_CERT_FILE name a PEM file of CA certificates");
    default:
      return std::nullopt;
  }
}

// Errors that come after the request was sent; nothing for other errors.
std::optional<Error> response_error(const Context& context) {
  switch (context.failure.code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error(ErrorKind::try_later, context.server + " did not answer in time",
                   "the server may be overloaded; try again, or set `timeout` to more seconds");
    case CURLE_UNSUPPORTED_PROTOCOL:  // "Received HTTP/0.9 when not allowed"
    case CURLE_WEIRD_SERVER_REPLY:
      return Error(ErrorKind::try_later, context.server + " does not speak HTTP",
                   context.origin.scheme == "http"
                       ? "is the port a TLS port? give the endpoint as https://host:port"
                       : "is the endpoint really IAM Roles Anywhere?");
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return Error(ErrorKind::try_later,
                   context.server + " closed the connection without an answer", context.hint);
    case CURLE_PARTIAL_FILE:
      return Error(ErrorKind::try_later, "the answer of " + context.server + " is incomplete",
                   context.hint);
    case CURLE_WRITE_ERROR:
      if (!context.failure.too_large) return std::nullopt;
      return Error(ErrorKind::failed, "the answer of " + context.server + " is too large",
                   "is this endpoint really IAM Roles Anywhere?");
    default:
      return std::nullopt;
  }
}

}  // namespace

Error transfer_error(const Origin& origin, const ClientOptions& options,
                     const TransferFailure& failure) {
  const Context context = {origin,
                           options,
                           failure,
                           origin.text(),
                           failure.text.empty() || options.use_proxy ? failure.name : failure.text,
                           tls_reason(failure.text),
                           network_hint(options)};
  if (failure.connect_status >= 400) {
    return proxy_refusal(context.server, options, failure.connect_status);
  }
  if (const auto known = known_tls_error(context.server, context.tls_reason)) return *known;
  if (failure.code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  for (const auto explain : {connection_error, tls_error, response_error})
    if (const auto error = explain(context)) return *error;
  return {ErrorKind::try_later, "the request to " + context.server + " failed: " + context.detail,
          context.hint};
}

}  // namespace rolecall::http
