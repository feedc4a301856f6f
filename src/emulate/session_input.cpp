#include "emulate/session_input.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "emulate/error_response.h"
#include "emulate/sigv4.h"

namespace rolecall::emulate {
namespace {

// arn:<partition>:<service>:<region>:<account>:<resource>
struct Arn {
  std::string partition, service, region, account, resource;
};

std::optional<Arn> split_arn(std::string_view text) {
  std::array<std::string, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 < parts.size() ? text.find(':') : std::string_view::npos;
    parts[i] = text.substr(0, end);
    if (end == std::string_view::npos && i + 1 < parts.size()) return std::nullopt;
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  const bool account = parts[4].size() == 12 && only(parts[4], ascii_digits);
  const bool partition = only(parts[1], letters_and_digits, "-");
  if (parts[0] != "arn" || !account || !partition) return std::nullopt;
  return Arn{parts[1], parts[2], parts[3], parts[4], parts[5]};
}

// Whether the name is an alias (IAM Roles Anywhere User Guide, "Resource aliases"): parts that
// start with a letter, separated by single slashes.
bool is_alias(std::string_view name) {
  constexpr std::size_t longest = 256;
  if (name.size() > longest || !only(name.substr(0, 1), ascii_letters) ||
      !only(name, letters_and_digits, "-_/")) {
    return false;
  }
  char before = '/';
  for (const char c : name) {
    if (c == '/' && before == '/') return false;
    before = c;
  }
  std::string first(name.substr(0, name.find('/')));
  for (char& c : first)
    // Makes letters lower case. No other character becomes a letter.
    c = static_cast<char>(c | 0x20);
  const bool is_reserved = first == "aws" && first.size() < name.size();
  return before != '/' && !is_reserved;
}

// The parts of the ARN of a trust anchor or a profile. The ARN contains its id or its alias.
Arn service_arn(const std::string& parameter, const std::string& text, std::string_view kind) {
  constexpr std::size_t longest = 1011;
  const auto arn = split_arn(text);
  const auto after_prefix = [&](const std::string& prefix) -> std::optional<std::string_view> {
    const std::string_view resource = arn->resource;
    if (!resource.starts_with(prefix)) return std::nullopt;
    return resource.substr(prefix.size());
  };
  const std::string prefix = cat(kind, "/");
  const bool is_service_arn = arn && arn->service == "rolesanywhere" && !arn->region.empty() &&
                              only(arn->region, letters_and_digits, "-") && text.size() <= longest;
  const auto id = is_service_arn ? after_prefix(prefix) : std::nullopt;
  const auto alias = is_service_arn ? after_prefix("alias/" + prefix) : std::nullopt;
  const bool is_id = id && only(*id, letters_and_digits, "-");
  if (!is_id && !(alias && is_alias(*alias))) {
    throw invalid_input(parameter + " \"" + text.substr(0, longest) +
                        "\" is neither arn:<partition>:rolesanywhere:<region>:<account>:" + prefix +
                        "<id> nor arn:<partition>:rolesanywhere:<region>:<account>:alias/" +
                        prefix + "<name>");
  }
  return *arn;
}

std::optional<Arn> split_role_arn(const std::string& text) {
  const auto arn = split_arn(text);
  if (!arn || arn->service != "iam" || !arn->region.empty() ||
      !arn->resource.starts_with("role/")) {
    return std::nullopt;
  }
  // IAM: a name of 1 to 64 characters, after a path of at most 512 printable characters.
  const std::string_view path_and_name = std::string_view(arn->resource).substr(5);
  const std::string_view name = path_and_name.substr(path_and_name.rfind('/') + 1);
  const bool is_valid = name.size() <= 64 && only(name, letters_and_digits, "_+=,.@-") &&
                        path_and_name.size() <= 512 + 64 && is_visible(path_and_name);
  return is_valid ? arn : std::nullopt;
}

Arn role_arn(const std::string& text) {
  const auto arn = split_role_arn(text);
  if (!arn) {
    throw invalid_input("roleArn \"" + text +
                        "\" is not arn:<partition>:iam::<account>:role/<name with path>");
  }
  return *arn;
}

// Whether a region with this name can be in the partition. A partition that is not listed can have
// any region.
bool region_matches_partition(std::string_view partition, std::string_view region) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> region_prefixes = {{
      {"eusc-", "aws-eusc"},
      {"us-gov-", "aws-us-gov"},
      {"cn-", "aws-cn"},
      {"us-iso-", "aws-iso"},
      {"us-isob-", "aws-iso-b"},
      {"eu-isoe-", "aws-iso-e"},
      {"us-isof-", "aws-iso-f"},
  }};
  const auto* found =
      std::find_if(region_prefixes.begin(), region_prefixes.end(),
                   [region](const auto& row) { return region.starts_with(row.first); });
  const bool has_known_prefix = found != region_prefixes.end();
  if (partition == "aws") return !has_known_prefix;
  const bool is_listed =
      std::any_of(region_prefixes.begin(), region_prefixes.end(),
                  [partition](const auto& row) { return row.second == partition; });
  return !is_listed || (has_known_prefix && found->second == partition);
}

// Parameters by name. Each value is text, whether it came from the body or the query.
using Parameters = std::map<std::string, std::string>;

Parameters read_parameters(const http::Request& request) {
  Parameters parameters;
  try {
    for (auto& [name, value] : parse_query(request.query))
      parameters[name] = std::move(value);
  } catch (const BadSignature& bad) {
    throw invalid_input(bad.what());
  }
  if (request.body.empty()) return parameters;
  const json body = parse_json(request.body);
  if (!body.is_object()) throw invalid_input("the body is not a JSON object");
  for (const char* name : {"trustAnchorArn", "profileArn", "roleArn", "roleSessionName"}) {
    const json* value = member(body, name);
    if (value == nullptr || value->is_null()) continue;
    if (!value->is_string()) throw invalid_input(cat(name, " is not a string"));
    parameters[name] = value->get<std::string>();
  }
  const json* duration = member(body, "durationSeconds");
  if (duration != nullptr && !duration->is_null()) {
    if (!duration->is_number_integer()) throw invalid_input("durationSeconds is not an integer");
    parameters["durationSeconds"] = duration->dump();
  }
  return parameters;
}

const std::string& required(const Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second.empty()) {
    throw invalid_input(name + " is missing: neither the JSON body nor the query has it");
  }
  return found->second;
}

std::chrono::seconds read_duration(const std::string& text) {
  const auto seconds = parse_number<int>(text);
  if (!seconds || *seconds < 900 || *seconds > 43200) {
    throw invalid_input("durationSeconds is " + text + "; it must be from 900 to 43200");
  }
  return std::chrono::seconds(*seconds);
}

void check_arns_match(const Arn& anchor, const Arn& profile, const Arn& role) {
  const auto refuse_mismatch = [](const std::string& what, const std::string& a,
                                  const std::string& b) {
    throw invalid_input(what + " do not agree: " + a + " and " + b);
  };
  if (anchor.region != profile.region) {
    refuse_mismatch("the regions of trustAnchorArn and profileArn", anchor.region, profile.region);
  }
  if (anchor.partition != profile.partition) {
    refuse_mismatch("the partitions of trustAnchorArn and profileArn", anchor.partition,
                    profile.partition);
  }
  if (anchor.partition != role.partition) {
    refuse_mismatch("the partitions of trustAnchorArn and roleArn", anchor.partition,
                    role.partition);
  }
  if (!region_matches_partition(anchor.partition, anchor.region)) {
    refuse_mismatch("the partition and the region of trustAnchorArn", anchor.partition,
                    anchor.region);
  }
}

}  // namespace

bool is_role_arn(const std::string& text) {
  return split_role_arn(text).has_value();
}

SessionInput read_session_input(const http::Request& request) {
  const Parameters parameters = read_parameters(request);
  SessionInput input;
  input.trust_anchor_arn = required(parameters, "trustAnchorArn");
  input.profile_arn = required(parameters, "profileArn");
  input.role_arn = required(parameters, "roleArn");

  const Arn anchor = service_arn("trustAnchorArn", input.trust_anchor_arn, "trust-anchor");
  const Arn profile = service_arn("profileArn", input.profile_arn, "profile");
  const Arn role = role_arn(input.role_arn);
  check_arns_match(anchor, profile, role);
  input.partition = anchor.partition;
  input.region = anchor.region;
  input.anchor_account = anchor.account;
  input.role_account = role.account;
  input.role_name = role.resource.substr(role.resource.rfind('/') + 1);

  if (const auto found = parameters.find("durationSeconds"); found != parameters.end()) {
    input.duration = read_duration(found->second);
  }
  if (const auto found = parameters.find("roleSessionName"); found != parameters.end()) {
    // The limits of RoleSessionName in STS.
    const std::string& name = found->second;
    if (name.size() < 2 || name.size() > 64 || !only(name, letters_and_digits, "_+=,.@-")) {
      throw invalid_input("roleSessionName is not 2 to 64 of the characters a-z A-Z 0-9 _+=,.@-");
    }
    input.role_session_name = name;
  }
  return input;
}

}  // namespace rolecall::emulate
