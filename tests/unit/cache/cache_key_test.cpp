#include "cache/cache_key.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rolecall::aws {
namespace {

using std::chrono::seconds;
using testing::EndsWith;

class CacheKeyTest : public testing::Test {
 protected:
  CacheKeyTest() {
    close(mkstemp(certificate_));
    close(mkstemp(key_));
    identity_.certificate = certificate_;
    identity_.private_key = key_;
    session_.role_arn = "arn:aws:iam::123456789012:role/x";
  }
  ~CacheKeyTest() override {
    unlink(certificate_);
    unlink(key_);
  }
  std::string key() const { return cache_key(identity_, session_).text; }

  char certificate_[32] = "/tmp/cache-key-XXXXXX";
  char key_[32] = "/tmp/cache-key-XXXXXX";
  IdentityOptions identity_;
  SessionOptions session_;
};

TEST_F(CacheKeyTest, ContainsEveryOptionThatMatters) {
  std::vector<std::string> keys = {key()};
  const auto changed = [&] {
    for (const std::string& earlier : keys)
      EXPECT_NE(key(), earlier);
    keys.push_back(key());
  };
  session_.role_arn += "2";
  changed();
  session_.profile_arn = "p";
  changed();
  session_.trust_anchor_arn = "t";
  changed();
  session_.role_session_name = "s";
  changed();
  session_.session_duration = seconds(900);
  changed();
  session_.region = "r";
  changed();
  session_.endpoint = "e";
  changed();
  session_.use_fips = true;
  changed();
  session_.use_dualstack = true;
  changed();
  session_.verify_tls = false;
  changed();
  session_.ca_bundle = certificate_;
  changed();
  session_.ca_directory = "/usr";
  changed();
  session_.ca_directory = std::string("/usr:/none/there:") + certificate_;  // as in SSL_CERT_DIR
  changed();
  session_.use_proxy = true;
  changed();
  identity_.intermediates = certificate_;
  changed();
  identity_.pkcs11_module = "m.so";
  changed();
  std::ofstream(certificate_) << "x";
  changed();
  std::ofstream(key_) << "x";
  changed();
  // Another file with the same size and time of change.
  const std::string other = std::string(key_) + ".new";
  std::filesystem::copy_file(key_, other);
  std::filesystem::last_write_time(other, std::filesystem::last_write_time(key_));
  std::filesystem::rename(other, key_);
  changed();
  EXPECT_EQ(key(), key());
  // Timeouts do not change the key.
  session_.timeout = session_.connect_timeout = std::chrono::milliseconds(1);
  EXPECT_EQ(key(), keys.back());
}

TEST_F(CacheKeyTest, IsEmptyIfTheIdentityCannotBeDistinguished) {
  const std::string missing = std::string(key_) + ".missing";
  identity_.private_key = "-";
  EXPECT_EQ(key(), "");
  identity_.private_key = "fd:7";
  EXPECT_EQ(key(), "");
  identity_.private_key = missing;
  EXPECT_EQ(key(), "");
  identity_.private_key = key_;
  EXPECT_NE(key(), "");
  identity_.certificate = "pkcs11:object=x";  // which may be another certificate later
  EXPECT_EQ(key(), "");
  identity_.certificate = {};
  identity_.selector = Selector{"CN=x", {}, {}};
  EXPECT_EQ(key(), "");
  identity_.selector.reset();
  identity_.certificate = certificate_;
  session_.role_session_name = "a\nduration=900";
  EXPECT_EQ(key(), "");
}

TEST_F(CacheKeyTest, SaysWhyItIsEmpty) {
  const std::string missing = std::string(key_) + ".missing";
  identity_.private_key = "-";
  EXPECT_EQ(cache_key(identity_, session_).reason_not_cached, "key comes from a stream");
  identity_.private_key = missing;
  EXPECT_EQ(cache_key(identity_, session_).reason_not_cached, missing + " cannot be found");
  identity_.certificate = "pkcs11:object=x";
  EXPECT_THAT(cache_key(identity_, session_).reason_not_cached, testing::HasSubstr("on a token"));
  identity_.certificate = "spiffe:unix:///run/a.sock";
  EXPECT_THAT(cache_key(identity_, session_).reason_not_cached, testing::HasSubstr("SPIFFE agent"));
}

TEST_F(CacheKeyTest, TwoPathsOfOneFileHaveOneKey) {
  const auto before = std::filesystem::current_path();
  const std::string absolute = key();
  std::filesystem::current_path("/tmp");
  identity_.certificate = identity_.certificate.text().substr(5);
  identity_.private_key = identity_.private_key.text().substr(5);
  EXPECT_EQ(key(), absolute);
  std::filesystem::current_path(before);
}

TEST_F(CacheKeyTest, ContainsNoPin) {
  identity_.private_key = "pkcs11:object=x?pin-value=hunter2&module-name=m&pin-source=s";
  EXPECT_THAT(key(), EndsWith("\nkey=pkcs11:object=x?module-name=m"));
  identity_.private_key = "pkcs11:object=x?module-name=m&pin-value=another";
  EXPECT_THAT(key(), EndsWith("\nkey=pkcs11:object=x?module-name=m"));
  identity_.private_key = "pkcs11:object=x";
  EXPECT_THAT(key(), EndsWith("\nkey=pkcs11:object=x"));
  identity_.private_key = "handle:0x81000001";
  EXPECT_THAT(key(), EndsWith("\nkey=handle:0x81000001"));
}

}  // namespace
}  // namespace rolecall::aws
