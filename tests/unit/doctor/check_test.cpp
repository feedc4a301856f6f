#include "doctor/check.h"

#include <gtest/gtest.h>

namespace rolecall::doctor {
namespace {

TEST(DoctorFindings, TheWorstComesFirstAndHasTheHint) {
  Findings findings;
  findings.fact("a fact");
  findings.warn("a warning", "do this");
  findings.fail("a failure", "do that");
  const Check check = findings.check("key");
  EXPECT_EQ(check.id, "key");
  EXPECT_EQ(check.status, Status::fail);
  EXPECT_EQ(check.detail, "a failure; a warning; a fact");
  EXPECT_EQ(check.hint, "do that");
}

TEST(DoctorFindings, FactsAreOk) {
  Findings findings;
  findings.fact("a fact");
  EXPECT_EQ(findings.check("key").status, Status::ok);
  EXPECT_EQ(findings.check("key").hint, "");
}

TEST(DoctorFindings, ARemedyIsTheLastPart) {
  Findings findings;
  findings.warn_with_remedy("the file is open; it is new; run chmod");
  EXPECT_EQ(findings.check("key").detail, "the file is open; it is new");
  EXPECT_EQ(findings.check("key").hint, "run chmod");
}

TEST(DoctorFindings, AProblemAlwaysHasAHint) {
  Findings findings;
  findings.fail("a failure", "");
  EXPECT_NE(findings.check("key").hint, "");
}

TEST(DoctorFindings, Worst) {
  const Check skip = skipped("a", "why");
  EXPECT_EQ(worst_of({}), Status::ok);
  EXPECT_EQ(worst_of({skip}), Status::ok);
  EXPECT_EQ(worst_of({skip, {"b", Status::warn, "", ""}, {"c", Status::ok, "", ""}}), Status::warn);
  EXPECT_EQ(worst_of({{"b", Status::fail, "", ""}, {"c", Status::warn, "", ""}}), Status::fail);
}

}  // namespace
}  // namespace rolecall::doctor
