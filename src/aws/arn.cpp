#include "aws/arn.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/codec.h"
#include "base/stray_character.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::aws {
namespace {

struct ArnKind {
  const char* option;
  const char* service;
  const char* resource;  // with the "/" at its end
  const char* alias;     // the same for an alias; empty: the service has no aliases
  const char* form;
};

constexpr std::array<ArnKind, 3> kinds = {{
    {"`role-arn`", "iam", "role/", "", "arn:aws:iam::123456789012:role/NAME"},
    {"`profile-arn`", "rolesanywhere", "profile/", "alias/profile/",
     "arn:aws:rolesanywhere:REGION:123456789012:profile/ID, or …:alias/profile/NAME"},
    {"`trust-anchor-arn`", "rolesanywhere", "trust-anchor/", "alias/trust-anchor/",
     "arn:aws:rolesanywhere:REGION:123456789012:trust-anchor/ID, or …:alias/trust-anchor/NAME"},
}};

constexpr std::size_t longest_arn = 1011;  // the limit for an alias ARN; other ARNs are shorter
constexpr std::size_t longest_alias = 256;

// A path of at most 512 printable characters, then the name (IAM API Reference, "Role").
bool is_role(std::string_view path_and_name) {
  const std::string_view name = path_and_name.substr(path_and_name.rfind('/') + 1);
  return name.size() <= 64 && only(name, letters_and_digits, "_+=,.@-") &&
         path_and_name.size() <= 512 + 64;
}

// IAM Roles Anywhere User Guide, "Resource aliases". Names below "aws/" are reserved for the
// service.
bool is_alias(std::string_view name) {
  return name.size() <= longest_alias && only(name, letters_and_digits, "_-/") &&
         only(name.substr(0, 1), ascii_letters) && !name.ends_with('/') &&
         name.find("//") == std::string_view::npos && !lower_case(name).starts_with("aws/");
}

bool has_alias(const ArnKind& kind, std::string_view resource) {
  return *kind.alias != '\0' && resource.starts_with(kind.alias);
}

// The kind of the ARN, to tell the user about swapped options. nullptr if the kind is unknown.
const ArnKind* kind_of(const Arn& arn) {
  for (const ArnKind& kind : kinds) {
    if (arn.service != kind.service) continue;
    if (arn.resource.starts_with(kind.resource) || has_alias(kind, arn.resource)) return &kind;
  }
  return nullptr;
}

Arn parse(const std::string& text, const ArnKind& kind) {
  const auto refuse = [&](const std::string& why, const std::string& hint = {}) {
    throw Error(ErrorKind::usage, cat(kind.option, " \"", text, "\" ", why),
                hint.empty() ? cat("its form is ", kind.form) : hint);
  };
  if (text.size() > longest_arn) {
    throw Error(ErrorKind::usage,
                cat(kind.option, " has ", text.size(), " characters, more than an ARN may have (",
                    longest_arn, ")"),
                cat("its form is ", kind.form));
  }
  if (const auto stray = find_stray_character(text, Stray::anywhere)) {
    refuse("has " + stray->text, cat(stray->hint, "; its form is ", kind.form));
  }
  std::array<std::string, 6> parts;
  std::string_view rest = text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t colon = i + 1 < parts.size() ? rest.find(':') : rest.size();
    if (colon == std::string_view::npos) refuse("is not an ARN");
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(std::min(rest.size(), colon + 1));
  }
  if (parts[0] != "arn") refuse("is not an ARN");
  Arn arn{parts[1], parts[2], parts[3], parts[4], parts[5]};
  if (const ArnKind* other = kind_of(arn); other != nullptr && other != &kind) {
    refuse(cat("is an ARN for ", other->option), "did you swap the two options?");
  }
  if (!only(arn.partition, lower_letters, ascii_digits, "-"))
    refuse("has no partition, such as \"aws\"");
  if (arn.service != kind.service) refuse(cat("is an ARN of another service than ", kind.service));
  const bool regional = arn.service != "iam";
  if (regional && !only(arn.region, lower_letters, ascii_digits, "-")) refuse("has no region");
  if (!regional && !arn.region.empty()) refuse("has a region, but the ARN of an IAM role has none");
  if (arn.account.size() != 12 || !only(arn.account, ascii_digits)) {
    refuse("has no account id of 12 digits");
  }
  const std::string_view resource = arn.resource;
  if (has_alias(kind, resource)) {
    if (is_alias(resource.substr(std::string_view(kind.alias).size()))) return arn;
    refuse("has an alias that the service does not allow",
           "an alias has 1 to 256 letters, digits and _-/; it starts with a letter, has no \"//\", "
           "does not end in \"/\" and does not start with \"aws/\"");
  }
  const std::string_view prefix = kind.resource;
  if (!resource.starts_with(prefix))
    refuse(cat("does not name a resource that begins with \"", prefix, "\""));
  const std::string_view id = resource.substr(prefix.size());
  if (id.empty() || id.ends_with('/')) refuse("does not end with a name");
  if (regional && !only(id, letters_and_digits, "-")) refuse("has an id that is not valid");
  if (!regional && !is_role(id)) {
    refuse("has no role name of 1 to 64 letters, digits and _+=,.@- (after its path)");
  }
  return arn;
}

}  // namespace

Arn parse_role_arn(const std::string& text) {
  return parse(text, kinds[0]);
}
Arn parse_profile_arn(const std::string& text) {
  return parse(text, kinds[1]);
}
Arn parse_trust_anchor_arn(const std::string& text) {
  return parse(text, kinds[2]);
}

}  // namespace rolecall::aws
