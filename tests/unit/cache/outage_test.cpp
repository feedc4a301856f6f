// What a run with a fallback learns from the cache about an outage.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "aws/service_error.h"
#include "cache/cache.h"
#include "unit/support/clock.h"

namespace rolecall::aws {
namespace {

using std::chrono::seconds;

TEST(CacheWithFallback, KnowsARecentOutage) {
  std::string path = testing::TempDir() + "cache-outage-XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr);
  const test::ManualClock clock;
  const Cache cache(path, Cache::IfMissing::make, clock);
  int asked = 0;
  const auto get_with = [&](bool has_fallback, bool is_down, const std::string& key = "k") {
    const auto renew = [&](std::chrono::milliseconds) {
      ++asked;
      if (is_down) throw Outage(Error(ErrorKind::try_later, "no connection"));
      Credentials made;
      made.access_key_id = "ID";
      made.secret_access_key = Secret("secret");
      made.session_token = Secret("token");
      made.expiration = clock.wall_seconds() + seconds(3600);
      return made;
    };
    return cache.get({key, seconds(900), seconds(5), renew, has_fallback}, {}).access_key_id;
  };
  const auto is_outage_of = [&](bool has_fallback) {
    try {
      get_with(has_fallback, true);
    } catch (const Error& error) {
      return is_outage(error);
    }
    return false;
  };
  EXPECT_TRUE(is_outage_of(true));
  EXPECT_EQ(asked, 1);
  // The entry of the fallback, whose renewal removes old lock files.
  EXPECT_EQ(get_with(false, false, "fallback"), "ID");
  EXPECT_EQ(asked, 2);
  for (int second = 0; second < 50; second += 10) {
    EXPECT_TRUE(is_outage_of(true));
    clock.pass(seconds(10));
  }
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(is_outage_of(false));  // without a fallback, each run asks
  EXPECT_EQ(asked, 3);
  clock.pass(seconds(59));
  EXPECT_TRUE(is_outage_of(true));
  EXPECT_EQ(asked, 3);
  clock.pass(seconds(2));
  EXPECT_EQ(get_with(true, false), "ID");
  EXPECT_EQ(asked, 4);
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace rolecall::aws
