#include "identity/distinguished_name.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/openssl.h"
#include "identity/certificate.h"
#include "identity/selector.h"
#include "unit/support/certificates.h"

namespace rolecall::identity {
namespace {

using NamePtr = std::unique_ptr<X509_NAME, OpensslDelete<X509_NAME_free>>;

struct Attribute {
  const char* type;
  std::string value;
  int kind = MBSTRING_UTF8;
  int set = 0;  // -1: in the same RDN as the one before
};

NamePtr make_name(const std::vector<Attribute>& attributes) {
  NamePtr name(X509_NAME_new());
  for (const Attribute& one : attributes) {
    X509_NAME_add_entry_by_txt(name.get(), one.type, one.kind,
                               reinterpret_cast<const unsigned char*>(one.value.data()),
                               static_cast<int>(one.value.size()), -1, one.set);
  }
  return name;
}

// As Active Directory writes it: domain components first, the address last.
NamePtr directory_name() {
  return make_name({{"DC", "global"},
                    {"DC", "example"},
                    {"OU", "Users"},
                    {"OU", "BG"},
                    {"CN", "Doe Jane"},
                    {"emailAddress", "jane.doe@example.org"}});
}

std::string printed(const X509_NAME* name, unsigned long flags) {
  return bio_text([&](BIO* bio) { return X509_NAME_print_ex(bio, name, 0, flags); });
}

TEST(DistinguishedName, IsReadInEveryForm) {
  const NamePtr name = directory_name();
  for (const std::string text :
       {"emailAddress=jane.doe@example.org,CN=Doe Jane,OU=BG,OU=Users,DC=example,DC=global",
        "DC = global, DC = example, OU = Users, OU = BG, CN = Doe Jane, emailAddress = "
        "jane.doe@example.org",
        "E=jane.doe@example.org, CN=Doe Jane, OU=BG, OU=Users, DC=example, DC=global",
        "CN=Doe Jane,OU=BG+OU=Users,DC=global,DC=example,1.2.840.113549.1.9.1="
        "#16146a616e652e646f65406578616d706c652e6f7267",
        "cn=Doe Jane,ou=Users,ou=BG,dc=example,dc=global,EMAILADDRESS=jane.doe@example.org",
        "OID.2.5.4.3=\"Doe Jane\";OU=BG;OU=Users;DC=example;DC=global;E=jane.doe@example.org"}) {
    EXPECT_EQ(parse_name(text), parts_of(name.get())) << text;
  }
  for (const std::string text :
       {"CN=Doe Jane", "E=jane.doe@example.org,CN=doe jane,OU=BG,OU=Users,DC=example,DC=global",
        "E=jane.doe@example.org,CN=Doe  Jane,OU=BG,OU=Users,DC=example,DC=global",
        "E=jane.doe@example.org,CN=Doe Jane,OU=BG,DC=example,DC=global",
        "mail=jane.doe@example.org,CN=Doe Jane,OU=BG,OU=Users,DC=example,DC=global", ""}) {
    EXPECT_NE(parse_name(text), parts_of(name.get())) << text;
  }
}

TEST(DistinguishedName, EscapesAndQuotesAreTakenOff) {
  const NamePtr name = make_name({{"O", "A, B + \"C\" \\ #1; D=E "}, {"CN", "#1"}, {"L", "Jörg"}});
  for (const std::string text : {R"(L=Jörg,CN=\#1,O=A\, B \+ \"C\" \\ #1\; D=E\ )",
                                 R"(L=J\C3\B6rg,CN=\23\31,O=A\2C B \2B \22C\22 \5C #1\3B D=E\20)",
                                 R"(O = "A, B + \"C\" \\ #1; D=E ", CN = "#1", L = Jörg)"}) {
    EXPECT_EQ(parse_name(text), parts_of(name.get())) << text;
  }
  // A comma that no attribute follows.
  EXPECT_EQ(parse_name("O=Key Co, Inc,CN=a"),
            parts_of(make_name({{"O", "Key Co, Inc"}, {"CN", "a"}}).get()));
}

TEST(DistinguishedName, WhateverOpensslPrintsIsReadAgain) {
  const std::vector<NamePtr> names = [] {
    std::vector<NamePtr> all;
    all.push_back(directory_name());
    all.push_back(make_name({{"CN", "a"}, {"OU", "b", MBSTRING_UTF8, -1}, {"UID", "7"}}));
    all.push_back(make_name({{"O", " lead, and \"quotes\"+ "}, {"CN", "日本=語;"}}));
    all.push_back(make_name({{"1.2.3.4", "private"}, {"street", "Way 1"}, {"serialNumber", "9"}}));
    all.push_back(make_name({{"CN", std::string("\x80\x00\xff", 3), V_ASN1_OCTET_STRING}}));
    all.push_back(make_name({{"CN",
                              "\x01\x00"
                              "A",
                              V_ASN1_BMPSTRING}}));
    return all;
  }();
  for (const NamePtr& name : names) {
    for (const unsigned long form : {static_cast<unsigned long>(XN_FLAG_RFC2253),
                                     static_cast<unsigned long>(XN_FLAG_ONELINE)}) {
      const std::string text = printed(name.get(), form);
      EXPECT_EQ(parse_name(text), parts_of(name.get())) << text;
    }
  }
}

TEST(DistinguishedName, SelectorsTakeAnyForm) {
  test::Recipe recipe;
  recipe.name = "Doe, Jane";
  recipe.serial = 0x2a0005;
  const test::Entity root = test::make_ca("The CA");
  const Certificate leaf(test::der(test::make(recipe, &root).get()), "test");
  const auto selects = [&leaf](const std::string& text) {
    return matches(parse_selector(text), leaf);
  };
  EXPECT_TRUE(selects(R"(Key=x509Subject,Value=CN=Doe\, Jane)"));
  EXPECT_TRUE(
      selects(R"(Key=x509Subject,Value=CN = "Doe, Jane" Key=x509Issuer,Value=CN = The CA)"));
  EXPECT_TRUE(selects("Key=x509Subject,Value=2.5.4.3=Doe, Jane Key=x509Serial,Value=2a:00:05"));
  EXPECT_FALSE(selects("Key=x509Subject,Value=CN=Doe Jane"));
  EXPECT_FALSE(selects("Key=x509Issuer,Value=CN=the ca"));
}

}  // namespace
}  // namespace rolecall::identity
