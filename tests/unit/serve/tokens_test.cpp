#include "serve/tokens.h"

#include <gtest/gtest.h>

#include <set>

namespace rolecall::serve {
namespace {

using namespace std::chrono_literals;

const TokenStore::Time now{1000s};

TEST(TokenStore, KnowsItsTokensUntilTheyEnd) {
  TokenStore store(8);
  const std::string token = store.issue(60s, now);
  EXPECT_TRUE(store.valid(token, now));
  EXPECT_TRUE(store.valid(token, now + 59s));
  EXPECT_FALSE(store.valid(token, now + 60s));
}

TEST(TokenStore, KnowsNoOther) {
  TokenStore store(8);
  const std::string token = store.issue(60s, now);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_FALSE(store.valid(other, now)) << i;
  }
  for (const std::string& other :
       {std::string(), std::string("0"), token.substr(1), token + "0", token + " ",
        token.substr(0, 64), token.substr(0, 64) + "99999999999999999999",
        token.substr(0, 64) + "-1", std::string(64, '\0') + "1", std::string(64, '0') + "1"}) {
    EXPECT_FALSE(store.valid(other, now)) << other;
  }
}

TEST(TokenStore, HoldsSoManyAndNoMore) {
  TokenStore store(8);
  std::vector<std::string> tokens;
  for (int i = 0; i < 20; ++i)
    tokens.push_back(store.issue(60s, now));
  for (std::size_t i = 0; i < tokens.size(); ++i)
    EXPECT_EQ(store.valid(tokens[i], now), i >= 12) << i;
}

TEST(TokenStore, MakesEachTokenOnce) {
  TokenStore store(8);
  std::set<std::string> secrets;
  for (int i = 0; i < 1000; ++i)
    secrets.insert(store.issue(60s, now).substr(0, 64));
  EXPECT_EQ(secrets.size(), 1000U);
}

}  // namespace
}  // namespace rolecall::serve
