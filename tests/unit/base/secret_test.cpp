#include "rolecall/secret.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>
#include <type_traits>

#include "base/json.h"

namespace rolecall {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Streamable<Secret>);

TEST(Secret, ComparesByValue) {
  const Secret secret("hunter2");
  EXPECT_TRUE(secret.equals("hunter2"));
  EXPECT_FALSE(secret.equals("hunter3"));
  EXPECT_FALSE(secret.equals("hunter"));
  EXPECT_TRUE(Secret().equals(""));
}

TEST(Secret, CopyIsOneOfItsOwn) {
  Secret secret("one");
  const Secret copy = secret.copy();
  secret.append(" two");
  EXPECT_EQ(secret.view(), "one two");
  EXPECT_EQ(copy.view(), "one");
}

TEST(Secret, WipeOverwrites) {
  char bytes[] = "secret";
  wipe(bytes, 6);
  EXPECT_EQ(std::memcmp(bytes, "\0\0\0\0\0\0", 6), 0);
}

TEST(SecretJson, KeepsStringsAndOrder) {
  const SecretJson object = {{"b", std::string(20, 'x')}, {"a", "y"}};
  EXPECT_EQ(Secret(object.dump()).view(), R"({"b":"xxxxxxxxxxxxxxxxxxxx","a":"y"})");
}

}  // namespace
}  // namespace rolecall
