#include "base/ml_dsa.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

#include "base/openssl.h"

namespace rolecall {
namespace {

using ::testing::HasSubstr;

using ObjectPtr = std::unique_ptr<ASN1_OBJECT, OpensslDelete<ASN1_OBJECT_free>>;

std::string_view name_of(const char* oid) {
  return ml_dsa_name(ObjectPtr(OBJ_txt2obj(oid, 1)).get());
}

TEST(MlDsa, NamesAlgorithmsWithEveryOpenssl) {
  EXPECT_EQ(name_of("2.16.840.1.101.3.4.3.16"), "");
  EXPECT_EQ(name_of("2.16.840.1.101.3.4.3.17"), "ML-DSA-44");
  EXPECT_EQ(name_of("2.16.840.1.101.3.4.3.18"), "ML-DSA-65");
  EXPECT_EQ(name_of("2.16.840.1.101.3.4.3.19"), "ML-DSA-87");
  EXPECT_EQ(name_of("2.16.840.1.101.3.4.3.19.1"), "");
  EXPECT_EQ(name_of("1.2.840.10045.2.1"), "");
  EXPECT_EQ(ml_dsa_name(static_cast<const ASN1_OBJECT*>(nullptr)), "");
}

TEST(MlDsa, NamesKeys) {
  const EvpPkeyPtr ec(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  EXPECT_EQ(ml_dsa_name(ec.get()), "");
  EXPECT_EQ(ml_dsa_name(static_cast<const EVP_PKEY*>(nullptr)), "");
  for (const char* name : {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"}) {
    if (!can_use_ml_dsa(name)) GTEST_SKIP() << "OpenSSL has no ML-DSA";
    const EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, name));
    EXPECT_EQ(ml_dsa_name(key.get()), name);
  }
}

TEST(MlDsa, SaysWhatHelps) {
  EXPECT_FALSE(can_use_ml_dsa("ML-DSA-64"));
  EXPECT_THAT(without_ml_dsa(), HasSubstr("cannot read"));
  EXPECT_FALSE(ml_dsa_hint().empty());
}

}  // namespace
}  // namespace rolecall
