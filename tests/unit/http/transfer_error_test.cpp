#include "http/transfer_error.h"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolecall::http {
namespace {

using testing::HasSubstr;
using testing::Not;

Error error_of(const TransferFailure& failure, const ClientOptions& options = {}) {
  return transfer_error({"https", "host", 8443}, options, failure);
}

TransferFailure tls_failure(const std::string& text, int code = CURLE_SSL_CONNECT_ERROR) {
  TransferFailure failure;
  failure.code = code;
  failure.text = text;
  failure.name = "SSL connect error";
  return failure;
}

TEST(TransferError, SaysWhatOpenSslMeans) {
  const std::pair<const char*, const char*> reasons[] = {
      {"OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number", "does not speak TLS"},
      {"TLS connect error: error:0A0000C6:SSL routines::packet length too long",
       "does not speak TLS"},
      {"error:0A00042E:SSL routines::tlsv1 alert protocol version", "no TLS version in common"},
      {"error:0A000410:SSL routines::sslv3 alert handshake failure", "in common"},
      {"error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
       "requires a TLS certificate"}};
  for (const auto& [text, said] : reasons) {
    for (const int code : {CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR}) {
      const Error error = error_of(tls_failure(text, code));
      EXPECT_EQ(error.kind(), ErrorKind::failed) << text;
      EXPECT_THAT(error.what(), HasSubstr(said));
      EXPECT_THAT(error.what(), HasSubstr("https://host:8443"));
      EXPECT_THAT(error.what(), Not(HasSubstr("routines")));
      EXPECT_FALSE(error.hint().empty());
    }
  }
}

TEST(TransferError, WhatIsNotKnownMayPass) {
  const Error error = error_of(tls_failure("error:0A000126:SSL routines::unexpected eof"));
  EXPECT_EQ(error.kind(), ErrorKind::try_later);
  EXPECT_STREQ(error.what(), "the TLS handshake with https://host:8443 failed: unexpected eof");
  EXPECT_THAT(error_of(tls_failure("OpenSSL SSL_connect: SSL_ERROR_SYSCALL")).what(),
              Not(HasSubstr("SYSCALL")));
}

TEST(TransferError, TextThatMayHoldAProxysPasswordIsLeftOut) {
  ClientOptions options;
  options.use_proxy = true;
  const Error error =
      error_of(tls_failure("cannot use http://bob:secret@proxy", CURLE_HTTP2), options);
  EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
}

TEST(TransferError, AProxyThatWantsAPassword) {
  TransferFailure failure;
  failure.connect_status = 407;
  ClientOptions options;
  options.use_proxy = true;
  EXPECT_THAT(error_of(failure, options).hint(), HasSubstr("requires a user name and a password"));
  options.proxy_has_user = true;
  EXPECT_THAT(error_of(failure, options).hint(), HasSubstr("does not accept the user"));
}

}  // namespace
}  // namespace rolecall::http
