// The session tags that the service makes of a certificate, and which of them STS does not take.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::identity {

struct SessionTag {
  std::string field;      // "x509Subject", "x509Issuer" or "x509SAN"
  std::string specifier;  // "CN", "DNS", "Name/OU", as a profile's attribute mapping names it
  std::string value;      // UTF-8; several values of one attribute are joined by "/"

  std::string key() const { return field + "/" + specifier; }
};

// By the attribute mapping that a profile has unless it was changed: all of the subject and the
// issuer, and of the SAN the first DNS name, URI and directory name (IAM Roles Anywhere User Guide,
// "Certificate attribute mapping").
std::vector<SessionTag> session_tags(const Certificate& leaf);

// Why STS does not take such a tag: `has "&"`; empty where it does (STS, API reference: Tag).
std::string tag_fault(const SessionTag& tag);

// The tags of `leaf` that STS does not take, and what to do; empty where it takes all.
std::string unfit_tags(const Certificate& leaf);

// What to do about such tags; only field and specifier count.
std::string remedy_for(const std::vector<SessionTag>& tags);

}  // namespace rolecall::identity
