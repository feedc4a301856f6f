#include "identity/spiffe/svid_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

using testing::HasSubstr;

std::string varint(unsigned long long value) {
  std::string bytes;
  for (; value > 127; value >>= 7)
    bytes += static_cast<char>((value & 127) | 128);
  return bytes + static_cast<char>(value);
}

std::string field(unsigned number, std::string_view content) {
  return varint(number << 3 | 2) + varint(content.size()) + std::string(content);
}

std::string complete_svid(const std::string& id = "spiffe://example.org/app") {
  return field(1, id) + field(2, "certificates") + field(3, "key") + field(4, "bundle");
}

std::string refusal_of(std::string_view message) {
  try {
    read_svid_message(message);
    return "(taken)";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
}

TEST(SvidMessage, HasItsSvidsInOrder) {
  const std::string message = field(1, complete_svid() + field(5, "internal")) +
                              field(1, complete_svid("spiffe://example.org/other"));
  const auto svids = read_svid_message(message);
  ASSERT_EQ(svids.size(), 2U);
  EXPECT_EQ(svids[0].id, "spiffe://example.org/app");
  EXPECT_EQ(svids[0].certificates, "certificates");
  EXPECT_EQ(svids[0].key, "key");
  EXPECT_EQ(svids[0].bundle, "bundle");
  EXPECT_EQ(svids[0].hint, "internal");
  EXPECT_EQ(svids[1].id, "spiffe://example.org/other");
  EXPECT_EQ(svids[1].hint, "");
}

TEST(SvidMessage, MayBeEmpty) {
  EXPECT_TRUE(read_svid_message("").empty());
}

TEST(SvidMessage, SkipsUnknownFields) {
  const std::string unknown = field(2, "a CRL") + field(3, "a bundle") + field(99, "new") +
                              varint(98 << 3) + varint(1ULL << 63) + varint(97 << 3 | 1) +
                              std::string(8, 'x') + varint(96 << 3 | 5) + std::string(4, 'x');
  const std::string message =
      unknown + field(1, field(6, "new") + complete_svid() + varint(7 << 3) + varint(5)) + unknown;
  const auto svids = read_svid_message(message);
  ASSERT_EQ(svids.size(), 1U);
  EXPECT_EQ(svids[0].id, "spiffe://example.org/app");
}

TEST(SvidMessage, TakesTheLastOfTwoValues) {
  const std::string message = field(1, field(2, "old") + complete_svid());
  const auto svids = read_svid_message(message);
  EXPECT_EQ(svids.at(0).certificates, "certificates");
}

TEST(SvidMessage, SaysWhichFieldIsMissing) {
  const std::string id = field(1, "spiffe://example.org/app");
  EXPECT_EQ(refusal_of(field(1, complete_svid()) + field(1, "")), "SVID 2 has no SPIFFE ID");
  EXPECT_EQ(refusal_of(field(1, id)), "SVID 1 has no certificate");
  EXPECT_EQ(refusal_of(field(1, id + field(2, "x"))), "SVID 1 has no private key");
  EXPECT_EQ(refusal_of(field(1, id + field(2, "x") + field(3, "x"))), "SVID 1 has no trust bundle");
  EXPECT_EQ(refusal_of(field(1, complete_svid() + field(3, ""))), "SVID 1 has no private key");
}

TEST(SvidMessage, ChecksTheSpiffeId) {
  for (const char* id : {"app", "https://example.org/app", "spiffe://", "spiffe://a/\x1b[31m"})
    EXPECT_THAT(refusal_of(field(1, complete_svid(id))),
                HasSubstr("SPIFFE ID of SVID 1 is malformed"));
}

TEST(SvidMessage, ChecksLengths) {
  const std::string whole = field(1, complete_svid());
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_EQ(refusal_of(whole.substr(0, size)), "a field is longer than its message") << size;
  EXPECT_EQ(refusal_of(field(1, varint(2 << 3 | 2) + varint(100) + "short")),
            "a field is longer than its message");
  EXPECT_EQ(refusal_of(varint(1 << 3 | 2) + varint(~0ULL)), "a field is longer than its message");
}

TEST(SvidMessage, ChecksNumbersAndTypes) {
  EXPECT_EQ(refusal_of(std::string(10, '\xff')), "a number has more than 64 bits");
  EXPECT_EQ(refusal_of(std::string(9, '\xff') + '\x02'), "a number has more than 64 bits");
  EXPECT_EQ(refusal_of(varint(2)), "a field has no valid number");
  EXPECT_EQ(refusal_of(varint((1ULL << 29) << 3)), "a field has no valid number");
  EXPECT_EQ(refusal_of(varint(1 << 3) + varint(1)), "field 1 has the wrong type");
  EXPECT_EQ(refusal_of(field(1, varint(3 << 3) + varint(1))),
            "field 3 of SVID 1 has the wrong type");
  for (const unsigned type : {3U, 4U, 6U, 7U})
    EXPECT_THAT(refusal_of(varint(9 << 3 | type)), HasSubstr("field 9 has the unknown type"));
}

TEST(SvidMessage, LimitsTheNumberOfSvids) {
  std::string message;
  for (int i = 0; i < 1001; ++i)
    message += field(1, complete_svid());
  EXPECT_EQ(refusal_of(message), "it has more than 1000 SVIDs");
}

}  // namespace
}  // namespace rolecall::identity
