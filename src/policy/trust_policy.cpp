#include "policy/trust_policy.h"

#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "base/unicode.h"
#include "identity/session_tags.h"
#include "rolecall/error.h"

namespace rolecall::policy {
namespace {

using identity::Certificate;
using identity::SessionTag;

constexpr const char* equals = "StringEquals";
constexpr const char* like = "StringLike";

// AWS documents the names of these, which are those of RFC 4514, and says nothing about others.
constexpr std::array<std::string_view, 8> documented_attributes = {"C", "CN", "DC", "L",
                                                                   "O", "OU", "ST", "UID"};

bool is_documented(const SessionTag& tag) {
  return std::find(documented_attributes.begin(), documented_attributes.end(), tag.specifier) !=
         documented_attributes.end();
}

std::string named_tag(const SessionTag& tag) {
  return cat(tag.key(), " \"", tag.value, "\"");
}

// Why no policy can test the tag. Empty: a policy can test it.
std::string untestable(const SessionTag& tag) {
  return tag.value.empty() ? "is empty" : identity::tag_fault(tag);
}

std::string escaped_value(std::string_view text, std::string_view special) {
  std::string value;
  for (const char c : text)
    value += special.find(c) == std::string_view::npos ? std::string(1, c) : cat("${", c, "}");
  return value;
}

class Maker {
 public:
  explicit Maker(const Certificate& leaf) : leaf_(leaf), tags_(identity::session_tags(leaf)) {}

  void add_identity(IdentifyBy by);
  void add_group(IdentifyBy by);
  void add_issuer();
  void add_general_warnings();
  TrustConditions take() { return std::move(result_); }

 private:
  const SessionTag* find(std::string_view field, std::string_view specifier) const {
    for (const SessionTag& tag : tags_)
      if (tag.field == field && tag.specifier == specifier) return &tag;
    return nullptr;
  }
  // Null if the certificate does not have the tag, or if no policy can test it.
  const SessionTag* find_testable(std::string_view field, std::string_view specifier) const {
    const SessionTag* tag = find(field, specifier);
    return tag != nullptr && untestable(*tag).empty() ? tag : nullptr;
  }
  const SessionTag& needed(std::string_view field, std::string_view specifier,
                           const std::string& what) const;

  void warn(const std::string& text) { result_.warnings.push_back(text); }
  void test(const SessionTag& tag, const char* operation, std::vector<std::string> values) {
    mapped_.push_back(tag.key());
    result_.all.push_back({operation, "aws:PrincipalTag/" + tag.key(), std::move(values)});
  }
  void test(const SessionTag& tag) { test(tag, equals, {policy_value(tag.value)}); }

  void warn_if_joined(const SessionTag& tag);
  void identify_by_best();
  void identify_by_dns(const SessionTag& tag);
  void identify_by_source_identity();
  void identify_by_subject();
  bool group_by_spiffe_path(const SessionTag& tag);
  void group_by_ou(const SessionTag& tag);

  const Certificate& leaf_;
  const std::vector<SessionTag> tags_;
  std::vector<std::string> mapped_;  // the keys of the tags that the policy tests
  TrustConditions result_;
};

const SessionTag& Maker::needed(std::string_view field, std::string_view specifier,
                                const std::string& what) const {
  const SessionTag* tag = find(field, specifier);
  if (tag == nullptr) {
    throw Error(ErrorKind::usage, cat("certificate ", leaf_.name(), " has no ", what),
                "choose something else that identifies the certificate with `by`");
  }
  const std::string fault = untestable(*tag);
  if (fault.empty()) return *tag;
  throw Error(ErrorKind::usage,
              cat("no policy can test session tag ", named_tag(*tag), ", because it ", fault),
              cat("choose something else that identifies the certificate with `by`; ",
                  identity::remedy_for({*tag})));
}

// The service joins several values with "/", and a value may contain "/" too.
void Maker::warn_if_joined(const SessionTag& tag) {
  if (tag.specifier == "DC" || tag.value.find('/') == std::string::npos) return;
  warn(cat("session tag ", named_tag(tag), " can come from one ", tag.specifier,
           " or from several, because the service joins them with \"/\": make sure that the issuer "
           "issues no other certificate with such names"));
}

void Maker::identify_by_dns(const SessionTag& tag) {
  test(tag);
  warn(cat("every certificate of this issuer whose first DNS name is ", tag.value,
           " can assume the role, also one that was issued for a server"));
}

void Maker::identify_by_best() {
  for (const auto& [field, specifier] : {std::pair("x509SAN", "URI"), {"x509Subject", "CN"}}) {
    const SessionTag* tag = find(field, specifier);
    if (tag == nullptr) continue;
    if (!untestable(*tag).empty()) {
      warn(cat("the policy does not test session tag ", named_tag(*tag), ", because it ",
               untestable(*tag)));
      continue;
    }
    test(*tag);
    if (tag->field == "x509Subject") warn_if_joined(*tag);
    return;
  }
  if (const SessionTag* tag = find_testable("x509SAN", "DNS")) return identify_by_dns(*tag);
  throw Error(
      ErrorKind::usage,
      cat("certificate ", leaf_.name(),
          " has no URI, CN or DNS name that can be a session tag, so no policy can identify "
          "it"),
      "use a certificate with such a name: letters, digits, spaces and _.:/=+-@");
}

void Maker::identify_by_source_identity() {
  int count = 0;
  const X509_NAME* subject = X509_get_subject_name(leaf_.x509());
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    ++count;
  if (count > 1) {
    throw Error(ErrorKind::usage,
                cat("certificate ", leaf_.name(), " has ", count,
                    " CNs, and AWS does not document which one becomes the source identity"),
                "use `by` cn");
  }
  const std::string name = identity::source_identity(leaf_);
  result_.all.push_back({equals, "sts:SourceIdentity", {policy_value(name)}});
  const std::size_t size = code_points(name).size();
  if (!only(name, letters_and_digits, "_+=,.@-") || size < 2 || size > 64) {
    warn(cat("source identity \"", name,
             "\" is not 2 to 64 letters, digits and _+=,.@-, so STS may refuse it"));
  }
  if (name.starts_with("ID=")) {
    warn(
        "the certificate has no CN, so its source identity is its serial number: the policy must "
        "change at each renewal of the certificate");
  } else if (name.starts_with("CN=") && size > 61) {
    // A CN of 62 characters and more becomes the source identity without "CN=" before it.
    warn(
        cat("another certificate of this issuer, with a CN that differs in \"CN=\" at its "
            "beginning, can have the source identity \"",
            name, "\" too"));
  }
}

void Maker::identify_by_subject() {
  std::vector<std::string> undocumented;
  for (const SessionTag& tag : tags_) {
    if (tag.field != "x509Subject" || !untestable(tag).empty()) continue;
    if (!is_documented(tag)) {
      undocumented.push_back(tag.key());
      continue;
    }
    test(tag);
    warn_if_joined(tag);
  }
  if (result_.all.empty()) {
    throw Error(ErrorKind::usage,
                cat("certificate ", leaf_.name(),
                    " has no attribute in its subject that a policy can test"),
                "choose something else that identifies the certificate with `by`");
  }
  if (!undocumented.empty()) {
    warn(cat("the policy does not test ", list_text(undocumented, "and"),
             ", because AWS does not document such session tags"));
  }
  if (find_testable("x509Subject", "CN") == nullptr) {
    warn(
        "the policy does not test a CN, so every certificate of this issuer with the same other "
        "attributes can assume the role");
  }
}

void Maker::add_identity(IdentifyBy by) {
  switch (by) {
    case IdentifyBy::best:
      return identify_by_best();
    case IdentifyBy::uri:
      return test(needed("x509SAN", "URI", "URI in its SAN"));
    case IdentifyBy::common_name: {
      const SessionTag& tag = needed("x509Subject", "CN", "CN in its subject");
      test(tag);
      return warn_if_joined(tag);
    }
    case IdentifyBy::dns:
      return identify_by_dns(needed("x509SAN", "DNS", "DNS name in its SAN"));
    case IdentifyBy::source_identity:
      return identify_by_source_identity();
    case IdentifyBy::subject:
      return identify_by_subject();
  }
}

// "spiffe://trust-domain/path": the group is everything below the parent of the path.
bool Maker::group_by_spiffe_path(const SessionTag& tag) {
  constexpr std::string_view scheme = "spiffe://";
  const std::size_t path = tag.value.find('/', scheme.size());
  if (!tag.value.starts_with(scheme) || path == std::string::npos) return false;
  const std::size_t last = tag.value.rfind('/');
  const std::string parent = tag.value.substr(0, last + 1);
  test(tag, like, {policy_pattern(parent) + "*"});
  warn(cat("every certificate of this issuer whose URI begins with ", parent,
           " can assume the role, with a path of any depth",
           last == path ? ": that is the whole trust domain" : ""));
  return true;
}

// The OU and the OUs in it: a directory writes the outer OU first, and the service joins with "/".
void Maker::group_by_ou(const SessionTag& tag) {
  const std::string ou = policy_pattern(tag.value);
  test(tag, like, {ou, ou + "/*"});
  for (const char* specifier : {"O", "DC"})
    if (const SessionTag* more = find_testable("x509Subject", specifier)) test(*more);
  warn(cat("every certificate of this issuer with OU ", tag.value, ", or with an OU in it (",
           tag.value, "/…), can assume the role, whatever its CN is"));
}

void Maker::add_group(IdentifyBy by) {
  const bool uri = by == IdentifyBy::best || by == IdentifyBy::uri;
  const bool ou =
      by == IdentifyBy::best || by == IdentifyBy::common_name || by == IdentifyBy::subject;
  if (!uri && !ou) {
    throw Error(ErrorKind::usage, "`like` cannot be used with this value of `by`",
                "`like` knows the groups of a URI (a SPIFFE path) and of a subject (an OU)");
  }
  if (uri) {
    const SessionTag* tag = find_testable("x509SAN", "URI");
    if (tag != nullptr && group_by_spiffe_path(*tag)) return;
  }
  if (ou) {
    const SessionTag* tag = find_testable("x509Subject", "OU");
    if (tag != nullptr) return group_by_ou(*tag);
  }
  throw Error(ErrorKind::usage,
              cat("certificate ", leaf_.name(), " belongs to no group that a policy can test"),
              cat("`like` needs ",
                  uri && ou ? "a SPIFFE ID with a path as the first URI, or an OU in the subject"
                  : uri     ? "a SPIFFE ID with a path as the first URI"
                            : "an OU in the subject"));
}

void Maker::add_issuer() {
  bool tests_any = false;
  std::vector<std::string> undocumented;
  for (const SessionTag& tag : tags_) {
    if (tag.field != "x509Issuer" || !untestable(tag).empty()) continue;
    if (!is_documented(tag)) {
      undocumented.push_back(tag.key());
      continue;
    }
    test(tag);
    tests_any = true;
  }
  if (!undocumented.empty()) {
    warn(cat("the policy does not test ", list_text(undocumented, "and"),
             ", because AWS does not document such session tags"));
  }
  if (!tests_any) {
    warn(
        "the policy does not test the issuer: every CA below the trust anchor can issue a "
        "certificate that can assume the role");
  } else if (find_testable("x509Issuer", "CN") == nullptr) {
    warn(
        "the policy does not test the issuer's CN: every CA below the trust anchor with the same "
        "other attributes can issue a certificate that can assume the role");
  }
}

void Maker::add_general_warnings() {
  const std::string refused = identity::refused_tags(leaf_);
  if (!refused.empty()) warn(refused);
  if (!mapped_.empty()) {
    warn(cat("the profile must map ", list_text(mapped_, "and"),
             ", as its default mapping does: otherwise nobody can assume the role"));
  }
}

}  // namespace

TrustConditions trust_conditions(const Certificate& leaf, IdentifyBy by, bool for_group) {
  Maker maker(leaf);
  if (for_group)
    maker.add_group(by);
  else
    maker.add_identity(by);
  maker.add_issuer();
  maker.add_general_warnings();
  return maker.take();
}

std::string policy_value(std::string_view text) {
  return escaped_value(text, "$");
}

std::string policy_pattern(std::string_view text) {
  return escaped_value(text, "$*?");
}

}  // namespace rolecall::policy
