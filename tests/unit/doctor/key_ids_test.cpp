#include "doctor/key_ids.h"

#include <gtest/gtest.h>

namespace rolecall::doctor {
namespace {

TEST(DoctorKeyIds, ShowsTheEndsAndTheAccount) {
  // The id and its account are from a public article about the form of these ids.
  const auto found = key_ids_in("a\nb=ASIAQNZGKIQY56JQ7WML\n'AKIAQNZGKIQY56JQ7WML'");
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(key_id_text(found[0]), "ASIA…7WML of account 029608264753");
  EXPECT_EQ(found[0].line, 2);
  EXPECT_FALSE(found[0].long_term);
  EXPECT_EQ(found[1].line, 3);
  EXPECT_TRUE(found[1].long_term);
}

TEST(DoctorKeyIds, AnOldIdHasNoAccount) {
  const auto found = key_ids_in("AKIAJ234567234567234");
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(key_id_text(found[0]), "AKIA…7234");
}

TEST(DoctorKeyIds, WhatIsNone) {
  for (const char* text : {"", "AKIA", "IA", "AKIAQNZGKIQY56JQ7WM", "XAKIAQNZGKIQY56JQ7WML",
                           "AKIAQNZGKIQY56JQ7WMLX", "AKIAIOSFODNN7EXAMPLE", "AIDAQNZGKIQY56JQ7WML",
                           "AKIAqnzgkiqy56jq7wml", "AKIAQNZGKIQY56JQ7W-L"}) {
    EXPECT_TRUE(key_ids_in(text).empty()) << text;
  }
}

}  // namespace
}  // namespace rolecall::doctor
