#include "commands/export_text.h"

namespace rolecall::cli {
namespace {

Credentials sample_credentials() {
  Credentials credentials;
  credentials.access_key_id = "ASIA";
  credentials.secret_access_key = Secret("s/e+c=");
  credentials.session_token = Secret("tok'en");
  credentials.assumed_role_arn = "arn:aws:sts::012345678901:assumed-role/r/s";
  return credentials;
}

TEST(ExportText, Formats) {
  const auto text = [](const char* format) {
    return std::string(export_text(sample_credentials(), {}, format, "p").view());
  };
  EXPECT_EQ(text("env"),
            "export AWS_ACCESS_KEY_ID='ASIA'\nexport AWS_SECRET_ACCESS_KEY='s/e+c='\n"
            "export AWS_SESSION_TOKEN='tok'\\''en'\n"
            "export AWS_CREDENTIAL_EXPIRATION='1970-01-01T00:00:00Z'\n"
            "export AWS_ACCOUNT_ID='012345678901'\n");
  EXPECT_EQ(text("fish"),
            "set -gx AWS_ACCESS_KEY_ID 'ASIA'\nset -gx AWS_SECRET_ACCESS_KEY 's/e+c='\n"
            "set -gx AWS_SESSION_TOKEN 'tok\\'en'\n"
            "set -gx AWS_CREDENTIAL_EXPIRATION '1970-01-01T00:00:00Z'\n"
            "set -gx AWS_ACCOUNT_ID '012345678901'\n");
  EXPECT_EQ(text("powershell"),
            "$env:AWS_ACCESS_KEY_ID = 'ASIA'\n$env:AWS_SECRET_ACCESS_KEY = 's/e+c='\n"
            "$env:AWS_SESSION_TOKEN = 'tok''en'\n"
            "$env:AWS_CREDENTIAL_EXPIRATION = '1970-01-01T00:00:00Z'\n"
            "$env:AWS_ACCOUNT_ID = '012345678901'\n");
  EXPECT_EQ(text("dotenv"),
            "AWS_ACCESS_KEY_ID=ASIA\nAWS_SECRET_ACCESS_KEY=s/e+c=\n"
            "AWS_SESSION_TOKEN='tok'\\''en'\n"
            "AWS_CREDENTIAL_EXPIRATION=1970-01-01T00:00:00Z\n"
            "AWS_ACCOUNT_ID=012345678901\n");
  EXPECT_EQ(text("ini"),
            "[p]\naws_access_key_id = ASIA\naws_secret_access_key = s/e+c=\n"
            "aws_session_token = tok'en\n");
  EXPECT_EQ(text("json"),
            "{\"Version\":1,\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s/e+c=\","
            "\"SessionToken\":\"tok'en\",\"Expiration\":\"1970-01-01T00:00:00Z\","
            "\"AccountId\":\"012345678901\"}\n");
}

TEST(ExportText, WhatElseAShellIsToHaveAndToLose) {
  const auto text = [](const char* format) {
    ShellChanges changes;
    changes.set.push_back({"AWS_REGION", Secret("eu-west-1")});
    changes.unset.emplace_back("AWS_PROFILE");
    return std::string(export_text(sample_credentials(), changes, format, "p").view());
  };
  EXPECT_TRUE(text("env").starts_with("unset AWS_PROFILE\nexport AWS_ACCESS_KEY_ID='ASIA'\n"));
  EXPECT_TRUE(text("env").ends_with("\nexport AWS_REGION='eu-west-1'\n"));
  EXPECT_TRUE(text("fish").starts_with("set -e AWS_PROFILE\nset -gx AWS_ACCESS_KEY_ID 'ASIA'\n"));
  EXPECT_TRUE(text("powershell").starts_with("$env:AWS_PROFILE = $null\n$env:AWS_ACCESS_KEY_ID"));
  EXPECT_TRUE(text("dotenv").starts_with("AWS_ACCESS_KEY_ID=ASIA\n"));
  EXPECT_TRUE(text("dotenv").ends_with("\nAWS_REGION=eu-west-1\n"));
}

TEST(ExportText, WordsOfEachShell) {
  EXPECT_EQ(posix_word("a'b\\c$d\ne").view(), "'a'\\''b\\c$d\ne'");
  EXPECT_EQ(fish_word("a'b\\c$d").view(), "'a\\'b\\\\c$d'");
  EXPECT_EQ(powershell_word("a'b\\c$d").view(), "'a''b\\c$d'");
  EXPECT_EQ(posix_word("").view(), "''");
  // PowerShell ends a text at each of these.
  EXPECT_EQ(powershell_word("a\u2018b\u2019\u201a\u201b\u201c\xE2\x80").view(),
            "'a\u2018\u2018b\u2019\u2019\u201a\u201a\u201b\u201b\u201c\xE2\x80'");
}

}  // namespace
}  // namespace rolecall::cli
