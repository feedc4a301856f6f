#include "base/shell_word.h"

#include <gtest/gtest.h>

namespace rolecall {
namespace {

TEST(ShellWord, PlainWordsStayAsTheyAre) {
  EXPECT_EQ(shell_word("/etc/pki/app-1_2.pem"), "/etc/pki/app-1_2.pem");
}

TEST(ShellWord, WhatAShellWouldActUponIsQuoted) {
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("~/x"), "'~/x'");
  EXPECT_EQ(shell_word("$(x)`\\\""), "'$(x)`\\\"'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace rolecall
