#include "http/grpc_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rolecall/error.h"

namespace rolecall::http {
namespace {

using testing::HasSubstr;

constexpr std::size_t limit = 1000;

std::string frame(std::string_view message) {
  return std::string(grpc_frame(message).view());
}

std::string newest_of(GrpcFrames& frames) {
  const auto message = frames.take_newest();
  return message ? std::string(message->view()) : "(none)";
}

std::string refusal_of(std::string_view bytes) {
  GrpcFrames frames(limit);
  try {
    frames.add(bytes);
    return "(taken)";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    return error.what();
  }
}

TEST(GrpcFrames, WritesTheLengthInFourBytes) {
  EXPECT_EQ(frame(""), std::string(5, '\0'));
  EXPECT_EQ(frame(std::string(0x1234, 'x')).substr(0, 6), std::string("\0\0\0\x12\x34x", 6));
}

TEST(GrpcFrames, TakesPartsOfAnySize) {
  const std::string bytes = frame("first") + frame("") + frame("second");
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    GrpcFrames frames(limit);
    for (std::size_t at = 0; at < bytes.size(); at += size)
      frames.add(std::string_view(bytes).substr(at, size));
    EXPECT_EQ(newest_of(frames), "second") << size;
    EXPECT_EQ(newest_of(frames), "(none)");
  }
}

TEST(GrpcFrames, KeepsOnlyTheNewestMessage) {
  GrpcFrames frames(limit);
  frames.add(frame("first"));
  EXPECT_TRUE(frames.has_message());
  EXPECT_EQ(newest_of(frames), "first");
  EXPECT_FALSE(frames.has_message());
  frames.add(frame("second") + frame(""));
  EXPECT_EQ(newest_of(frames), "");
}

TEST(GrpcFrames, WaitsForTheRestOfAMessage) {
  GrpcFrames frames(limit);
  frames.add(frame("message").substr(0, 11));
  EXPECT_FALSE(frames.has_message());
  frames.add("e");
  EXPECT_EQ(newest_of(frames), "message");
}

TEST(GrpcFrames, AllowsTheLongestMessage) {
  EXPECT_EQ(refusal_of(frame(std::string(limit, 'x'))), "(taken)");
  EXPECT_THAT(refusal_of(frame(std::string(limit + 1, 'x')).substr(0, 5)),
              HasSubstr("the message has 1001 bytes"));
  EXPECT_THAT(refusal_of(std::string("\0\xff\xff\xff\xff", 5)), HasSubstr("4294967295 bytes"));
}

TEST(GrpcFrames, RefusesCompressedMessages) {
  EXPECT_EQ(refusal_of(std::string("\1\0\0\0\0", 5)), "the message is compressed");
  EXPECT_EQ(refusal_of(std::string("\2\0\0\0\0", 5)), "it is not a message of gRPC");
  EXPECT_EQ(refusal_of("HTTP/1.1 400 Bad Request"), "it is not a message of gRPC");
}

}  // namespace
}  // namespace rolecall::http
