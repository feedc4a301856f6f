#include "identity/chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

using test::Entity;
using test::make;
using test::make_ca;

Certificate read(const Entity& entity) {
  return {test::der(entity.get()), "test"};
}

std::vector<std::string> names(const std::vector<Certificate>& chain) {
  std::vector<std::string> subjects;
  for (const Certificate& one : chain)
    subjects.push_back(one.subject());
  return subjects;
}

class Chain : public testing::Test {
 protected:
  std::vector<Certificate> order(const Certificate& leaf, const std::vector<Certificate>& pool) {
    Reporter reporter;
    reporter.warn = [this](std::string_view text) { warnings_.emplace_back(text); };
    return order_chain(leaf, pool, test::now, reporter);
  }
  std::vector<std::string> warnings_;

  const Entity root_ = make_ca("root");
  const Entity one_ = make_ca("one", &root_);
  const Entity two_ = make_ca("two", &one_);
  const Entity leaf_ = make({}, &two_);
};

TEST_F(Chain, OrdersWhateverTheOrder) {
  std::vector<Certificate> pool = {read(root_), read(one_), read(two_), read(leaf_), read(one_)};
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(pool.begin(), pool.end(), random);
    EXPECT_EQ(names(order(read(leaf_), pool)), (std::vector<std::string>{"CN=two", "CN=one"}));
  }
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Chain, StopsAtAGap) {
  EXPECT_EQ(order(read(leaf_), {read(one_)}).size(), 0U);
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(Chain, LeavesOutWhatIssuedNothing) {
  const Entity other = make_ca("other", &root_);
  EXPECT_EQ(names(order(read(leaf_), {read(other), read(two_)})),
            (std::vector<std::string>{"CN=two"}));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Chain, TheNameAloneMakesNoIssuer) {
  const Entity impostor = make_ca("two", &one_);
  EXPECT_EQ(names(order(read(leaf_), {read(impostor), read(one_)})), std::vector<std::string>{});
  EXPECT_EQ(order(read(leaf_), {read(impostor), read(two_)}).front(), read(two_));
}

TEST_F(Chain, AnOlderCertificateOfTheLeafIsNoIssuer) {
  test::Recipe recipe;
  recipe.serial = 1;
  EXPECT_TRUE(order(read(leaf_), {read(leaf_), read(make(recipe, &two_, leaf_.key))}).empty());
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Chain, PrefersTheIssuerThatIsValid) {
  test::Recipe recipe = test::ca_recipe("two");
  recipe.from = test::now - std::chrono::hours(48);
  recipe.until = test::now - std::chrono::hours(24);
  const Entity expired = make(recipe, &one_, two_.key);
  EXPECT_EQ(order(read(leaf_), {read(expired), read(two_)}).front(), read(two_));
  EXPECT_EQ(order(read(leaf_), {read(two_), read(expired)}).front(), read(two_));
}

TEST_F(Chain, OfCrossSignedIssuersTheOneWhoseRootIsGiven) {
  const Entity other_root = make_ca("other root");
  test::Recipe recipe = test::ca_recipe("two");
  recipe.until = test::now + std::chrono::days(90);  // ends last
  const Entity cross = make(recipe, &other_root, two_.key);
  EXPECT_EQ(order(read(leaf_), {read(cross), read(two_)}).front(), read(cross));
  EXPECT_EQ(order(read(leaf_), {read(cross), read(two_), read(one_)}).front(), read(two_));
  EXPECT_EQ(order(read(leaf_), {read(two_), read(cross), read(other_root)}).front(), read(cross));
}

TEST_F(Chain, EndsWhereTwoCertifyEachOther) {
  const Entity a = make_ca("a", &root_);
  const Entity b = make_ca("b", &a);
  const Entity a_by_b = make(test::ca_recipe("a"), &b, a.key);
  const Entity leaf = make({}, &b);
  const auto chain = order(read(leaf), {read(a_by_b), read(b)});
  EXPECT_EQ(names(chain), (std::vector<std::string>{"CN=b", "CN=a"}));
}

TEST_F(Chain, IsAtMostFive) {
  std::vector<Entity> line;
  line.reserve(7);
  std::vector<Certificate> pool;
  for (int i = 0; i < 7; ++i) {
    line.push_back(make_ca(std::to_string(i), i == 0 ? &root_ : &line.back()));
    pool.push_back(read(line.back()));
  }
  const Entity leaf = make({}, &line.back());
  EXPECT_EQ(names(order(read(leaf), pool)),
            (std::vector<std::string>{"CN=6", "CN=5", "CN=4", "CN=3", "CN=2"}));
  EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(Chain, GoesOnPastTwoThatCertifyEachOther) {
  const Entity a = make_ca("a");
  const Entity b = make_ca("b", &a);
  const Entity a_by_b = make(test::ca_recipe("a"), &b, a.key);
  const Entity b_by_root = make(test::ca_recipe("b"), &root_, b.key);
  const auto chain = order(read(make({}, &b)), {read(a_by_b), read(b_by_root), read(b)});
  EXPECT_EQ(names(chain), (std::vector<std::string>{"CN=b", "CN=a", "CN=b"}));
  EXPECT_EQ(chain.back(), read(b_by_root));
}

// Many certificates of one name, which an attacker can write. The limit is far above what the work
// takes, and far below what it took when each was compared with each.
class ChainOfMany : public Chain {
 protected:
  Certificate issued(const std::string& name, long serial, const Entity* by, test::KeyPtr key) {
    test::Recipe recipe = test::ca_recipe(name);
    recipe.serial = serial;
    return read(make(recipe, by, std::move(key)));
  }
  std::vector<Certificate> order_in_time(const Certificate& leaf,
                                         const std::vector<Certificate>& pool) {
    const auto start = std::chrono::steady_clock::now();
    auto chain = order(leaf, pool);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
    return chain;
  }
};

TEST_F(ChainOfMany, OfOneNameAndKey) {
  std::vector<Certificate> pool;
  for (long i = 0; i < 400; ++i)
    pool.push_back(issued("two", i, &one_, two_.key));
  pool.push_back(read(one_));
  EXPECT_EQ(names(order_in_time(read(leaf_), pool)),
            (std::vector<std::string>{"CN=two", "CN=one"}));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ChainOfMany, RootsOfOneNameAndKey) {
  const Entity root = make_ca("r");
  std::vector<Certificate> pool;
  for (long i = 0; i < 400; ++i)
    pool.push_back(issued("r", i, nullptr, root.key));
  EXPECT_TRUE(order_in_time(read(make({}, &root)), pool).empty());
}

TEST_F(ChainOfMany, OfOneNameWhoseIssuersHaveOneName) {
  const test::KeyPtr other = test::ec_key();
  const Entity false_upper = make(test::ca_recipe("upper"), nullptr, other);
  std::vector<Certificate> pool;
  for (long i = 0; i < 150; ++i) {
    pool.push_back(issued("two", i, &false_upper, two_.key));
    pool.push_back(issued("upper", i, nullptr, test::ec_key()));
  }
  const auto chain = order_in_time(read(leaf_), pool);
  EXPECT_EQ(names(chain), std::vector<std::string>{"CN=two"});
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_.front().find("too many"), std::string::npos);
}

TEST_F(ChainOfMany, KeysOfOneNameEndTheSearch) {
  std::vector<Certificate> pool;
  for (long i = 0; i < 300; ++i)
    pool.push_back(issued("two", i, nullptr, test::ec_key()));
  pool.push_back(read(two_));
  EXPECT_TRUE(order_in_time(read(leaf_), pool).empty());
  ASSERT_FALSE(warnings_.empty());
  EXPECT_NE(warnings_.front().find("too many"), std::string::npos);
}

// A house that makes its CA a new key each month: the leaf says which one signed it.
TEST_F(ChainOfMany, TheAuthorityKeyIdentifierGoesFirst) {
  const auto with_key_id = [](test::Recipe recipe, int nid, const std::string& id) {
    recipe.extensions.emplace_back(nid, "DER:" + id);
    return recipe;
  };
  std::vector<Certificate> pool;
  for (long i = 0; i < 300; ++i)
    pool.push_back(issued("two", i, &one_, test::ec_key()));
  const Entity right =
      make(with_key_id(test::ca_recipe("two"), NID_subject_key_identifier, "04020102"), &one_);
  pool.push_back(read(right));
  const Entity leaf = make(with_key_id({}, NID_authority_key_identifier, "300480020102"), &right);
  EXPECT_EQ(names(order_in_time(read(leaf), pool)), std::vector<std::string>{"CN=two"});
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ChainOfMany, CopiesCountOnce) {
  std::vector<Certificate> pool(500, read(two_));
  pool.insert(pool.end(), 500, read(one_));
  EXPECT_EQ(names(order_in_time(read(leaf_), pool)),
            (std::vector<std::string>{"CN=two", "CN=one"}));
  EXPECT_TRUE(warnings_.empty());
}

}  // namespace
}  // namespace rolecall::identity
