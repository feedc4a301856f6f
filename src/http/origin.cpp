#include "http/origin.h"

#include <arpa/inet.h>

#include <algorithm>
#include <memory>
#include <new>

#include "base/codec.h"
#include "base/text.h"
#include "http/curl.h"
#include "rolecall/error.h"

namespace rolecall::http {
namespace {

struct CurlUrlDelete {
  void operator()(CURLU* url) const noexcept { libcurl().url_cleanup(url); }
};

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (libcurl().url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  libcurl().free(text);
  return copy;
}

// Whether the host of a URL is this machine. A name that only looks like an address does not count,
// because it would be resolved and may lead anywhere.
bool is_loopback_host(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return host == "localhost" || host == "[::1]";
}

}  // namespace

std::string Origin::host_header() const {
  const bool own_port = port == (scheme == "https" ? 443 : 80);
  return own_port ? host : cat(host, ":", port);
}

std::string Origin::text() const {
  return scheme + "://" + host_header();
}

Origin parse_origin(const std::string& text) {
  const auto refuse = [&text](const std::string& why) {
    throw Error(ErrorKind::usage, "endpoint \"" + text + "\" " + why,
                "give the endpoint as https://host or https://host:port");
  };
  // The text may contain a password, so the message does not repeat it.
  if (text.find('@') != std::string::npos) {
    throw Error(ErrorKind::usage, "the endpoint contains a user name or a password",
                "give the endpoint as https://host or https://host:port");
  }
  const std::unique_ptr<CURLU, CurlUrlDelete> url(libcurl().url());
  if (!url) throw std::bad_alloc();
  if (text.find("://") == std::string::npos) refuse("has no scheme");
  const auto is_refused = [](char c) { return c <= ' ' || c > '~'; };
  if (std::any_of(text.begin(), text.end(), is_refused)) {
    refuse("contains white space, or characters that are not ASCII");
  }
  if (const CURLUcode code =
          libcurl().url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
      code != CURLUE_OK) {
    refuse("is not a URL");
  }
  Origin origin;
  origin.scheme = url_part(url.get(), CURLUPART_SCHEME);
  origin.host = lower_case(url_part(url.get(), CURLUPART_HOST));
  if (origin.scheme != "https" && origin.scheme != "http") refuse("is neither https nor http");
  if (origin.host.empty()) refuse("has no host");
  const std::string port = url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  origin.port = parse_number<int>(port).value_or(0);
  if (origin.port < 1 || origin.port > 65535) refuse("has no usable port");
  const std::string path = url_part(url.get(), CURLUPART_PATH);
  if ((path != "/" && !path.empty()) || text.find_first_of("?#") != std::string::npos) {
    refuse("has a path or query");
  }
  if (origin.scheme == "http" && !is_loopback_host(origin.host)) {
    throw Error(ErrorKind::usage, "endpoint \"" + text + "\" uses plain http to another host",
                "credentials would cross the network unencrypted; use https");
  }
  return origin;
}

}  // namespace rolecall::http
