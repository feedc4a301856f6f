// Certificates with any names, for the tests of policies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "identity/certificate.h"
#include "unit/support/certificates.h"

namespace rolecall::policy::test {

using Names = std::vector<std::pair<std::string, std::string>>;

inline void add_names(X509_NAME* name, const Names& names) {
  for (const auto& [type, value] : names) {
    X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  }
}

// The signature is not valid: nothing here looks at it.
inline rolecall::test::Entity entity(const Names& subject, const Names& issuer,
                                     const std::string& san = "") {
  static const rolecall::test::KeyPtr key = rolecall::test::ec_key();
  rolecall::test::Recipe recipe;
  recipe.name = "";
  const rolecall::test::Entity made =
      rolecall::test::make(recipe.with(NID_subject_alt_name, san), nullptr, key);
  add_names(X509_get_subject_name(made.get()), subject);
  add_names(X509_get_issuer_name(made.get()), issuer);
  return made;
}

inline identity::Certificate certificate(const Names& subject, const Names& issuer,
                                         const std::string& san = "") {
  return {rolecall::test::der(entity(subject, issuer, san).get()), "test"};
}

inline const Names ca = {{"O", "Example"}, {"CN", "Example CA"}};

}  // namespace rolecall::policy::test
