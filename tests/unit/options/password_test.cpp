#include "options/password.h"

#include <gtest/gtest.h>

namespace rolecall::cli {
namespace {

TEST(PasswordSpec, TakesEachFormApart) {
  using Kind = PasswordSpec::Kind;
  const std::pair<const char*, std::pair<Kind, std::string_view>> cases[] = {
      {"", {Kind::none, ""}},
      {"file:a:b", {Kind::file, "a:b"}},
      {"env:NAME", {Kind::variable, "NAME"}},
      {"fd:3", {Kind::descriptor, "3"}},
      {"credential:x", {Kind::credential, "x"}},
      {"command:cat x", {Kind::command, "cat x"}},
      {"file:", {Kind::invalid, ""}},
      {"File:x", {Kind::invalid, ""}},
      {"hunter2", {Kind::invalid, ""}},
      {"x:file:y", {Kind::invalid, ""}},
  };
  for (const auto& [text, expected] : cases) {
    const PasswordSpec spec = parse_password_spec(text);
    EXPECT_EQ(spec.kind, expected.first) << text;
    EXPECT_EQ(spec.value, expected.second) << text;
  }
}

}  // namespace
}  // namespace rolecall::cli
