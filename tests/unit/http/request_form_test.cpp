#include "http/request_form.h"

#include <gtest/gtest.h>

namespace rolecall::http {
namespace {

std::string error_of(Headers headers, const std::string& path = "/",
                     const std::string& method = "GET") {
  Request request;
  request.method = method;
  request.path = path;
  request.headers = std::move(headers);
  return form_error(request);
}

TEST(RequestForm, TakesWhatClientsSend) {
  for (const Headers& headers :
       {Headers{},
        Headers{{"Host", "h"}, {"A", ""}, {"A", " b\tc "}, {"x!#$%&'*+-.^_`|~9", "\xc3\xa4"}},
        Headers{{"Content-Length", "5"}}, Headers{{"Transfer-Encoding", "Chunked"}}}) {
    EXPECT_EQ(error_of(headers), "");
  }
  EXPECT_EQ(error_of({}, "/a%00b", "M-SEARCH"), "");
}

TEST(RequestForm, RefusesWhatOthersReadInAnotherWay) {
  for (const Headers& headers :
       {Headers{{"Content-Length", "5"}, {"content-length", "5"}},
        Headers{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
        Headers{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
        Headers{{"Transfer-Encoding", "gzip, chunked"}}, Headers{{"Transfer-Encoding", ""}},
        Headers{{"Transfer-Encoding ", "chunked"}}, Headers{{"A\t", ""}}, Headers{{"", "a"}},
        Headers{{"A(", "a"}}, Headers{{"A", "\x7f"}}, Headers{{"A", "a\rb"}},
        Headers{{"A", std::string("a\0b", 3)}}}) {
    EXPECT_NE(error_of(headers), "") << headers.front().name;
  }
  EXPECT_NE(error_of({}, "/\x01"), "");
  EXPECT_NE(error_of({}, "/", "G T"), "");
  EXPECT_NE(error_of({}, "/", ""), "");
}

}  // namespace
}  // namespace rolecall::http
