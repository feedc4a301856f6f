#include "http/origin.h"

#include <gtest/gtest.h>

#include "rolecall/error.h"

namespace rolecall::http {
namespace {

TEST(Origin, ReadsWhatNamesAServer) {
  const Origin own = parse_origin("https://Example.COM/");
  EXPECT_EQ(own.text(), "https://example.com");
  EXPECT_EQ(own.host_header(), "example.com");
  EXPECT_EQ(own.port, 443);
  EXPECT_EQ(parse_origin("https://localhost:18443").host_header(), "localhost:18443");
  EXPECT_EQ(parse_origin("https://host:443").host_header(), "host");
  EXPECT_EQ(parse_origin("HTTP://[::1]:80").host_header(), "[::1]");
  EXPECT_EQ(parse_origin("http://127.0.0.2:1").host_header(), "127.0.0.2:1");
}

TEST(Origin, RefusesAllElse) {
  for (const char* text :
       {"", "host", "host:443", "ftp://host", "https://", "https://host:0", "https://host:65536",
        "https://host:x", "https://host/path", "https://host?query", "https://host/#x",
        "https://ho st", "https://user@host", "https://user:secret@host", "http://example.com",
        "http://127.0.0.1.example.com", "http://localhost.example.com", "http://0.0.0.0",
        "file:///etc/passwd"}) {
    try {
      parse_origin(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace rolecall::http
