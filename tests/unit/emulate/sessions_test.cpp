#include "emulate/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/codec.h"

namespace rolecall::emulate {
namespace {

using testing::MatchesRegex;

std::shared_ptr<const Session> session(const std::string& id, int expires) {
  Session made;
  made.access_key_id = id;
  made.expiration = std::chrono::sys_seconds(std::chrono::seconds(expires));
  return std::make_shared<const Session>(std::move(made));
}

TEST(RandomSession, LooksLikeCredentials) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Session made = random_session();
    EXPECT_THAT(made.access_key_id, MatchesRegex("ASIA[A-Z2-7]{16}"));
    EXPECT_THAT(std::string(made.secret_access_key.view()), MatchesRegex("[A-Za-z0-9+/]{40}"));
    EXPECT_EQ(base64_decode(made.session_token.view()).value_or("").size(), 360U);
    seen.insert(made.access_key_id);
    seen.insert(std::string(made.secret_access_key.view()));
    seen.insert(std::string(made.session_token.view()));
  }
  EXPECT_EQ(seen.size(), 300U);
}

TEST(Ids, HaveTheirForm) {
  const auto uuid =
      MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  EXPECT_THAT(random_uuid(), uuid);
  EXPECT_NE(random_uuid(), random_uuid());
  EXPECT_THAT(uuid_for("CN=a"), uuid);
  EXPECT_EQ(uuid_for("CN=a"), uuid_for("CN=a"));
  EXPECT_NE(uuid_for("CN=a"), uuid_for("CN=b"));
  EXPECT_THAT(role_id_for("r"), MatchesRegex("AROA[A-Z2-7]{17}"));
  EXPECT_EQ(role_id_for("r"), role_id_for("r"));
  EXPECT_NE(role_id_for("r"), role_id_for("s"));
}

TEST(Sessions, MakeRoomByDroppingWhatExpiresFirst) {
  Sessions sessions(3);
  sessions.add(session("late", 30));
  sessions.add(session("early", 10));
  sessions.add(session("middle", 20));
  sessions.add(session("new", 15));
  EXPECT_EQ(sessions.size(), 3U);
  EXPECT_EQ(sessions.find("early"), nullptr);
  sessions.add(session("newer", 40));
  EXPECT_EQ(sessions.find("new"), nullptr);
  for (const char* id : {"late", "middle", "newer"}) {
    ASSERT_NE(sessions.find(id), nullptr) << id;
    EXPECT_EQ(sessions.find(id)->access_key_id, id);
  }
  EXPECT_EQ(sessions.find("unknown"), nullptr);
}

}  // namespace
}  // namespace rolecall::emulate
