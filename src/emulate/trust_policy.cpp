#include "emulate/trust_policy.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

constexpr std::string_view service = "rolesanywhere.amazonaws.com";
constexpr std::array<std::string_view, 3> needed_actions = {"sts:AssumeRole", "sts:TagSession",
                                                            "sts:SetSourceIdentity"};

[[noreturn]] void refuse_policy(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::usage, where + what,
              "emulate knows only a part of the policy language: see rolecall-emulate(1)");
}

// Programs differ in which of two members with one name they read.
bool has_duplicate_names(std::string_view text) {
  std::vector<std::set<std::string>> names;  // of each object that is open
  bool has_duplicates = false;
  const auto note = [&](int /*depth*/, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key) {
      const bool is_new = names.back().insert(parsed.get<std::string>()).second;
      has_duplicates = has_duplicates || !is_new;
    }
    return true;
  };
  const json all = json::parse(text, note, false);
  return has_duplicates || all.is_discarded();
}

void refuse_other_members(const json& object, std::initializer_list<std::string_view> known,
                          const std::string& where) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      refuse_policy(where, cat(" has the unknown element \"", name, "\""));
  }
}

// One text, or a list of texts.
std::vector<std::string> texts(const json& value, const std::string& where) {
  std::vector<std::string> result;
  for (const json& one : value.is_array() ? value : json::array({value})) {
    if (!one.is_string()) refuse_policy(where, " is not a text, or a list of texts");
    result.push_back(one.get<std::string>());
  }
  if (result.empty()) refuse_policy(where, " is an empty list");
  return result;
}

// Whether IAM Roles Anywhere is a principal of the statement. Wildcards are refused, because AWS
// does not document whether they mean services too.
bool names_service(const json& principal, const std::string& where) {
  if (!principal.is_object() || principal.empty())
    refuse_policy(where, " has a principal that is not of the form {\"Service\": NAME}");
  refuse_other_members(principal, {"Service", "AWS", "Federated", "CanonicalUser"},
                       where + ": the principal");
  bool found = false;
  for (const auto& [kind, value] : principal.items()) {
    for (const std::string& name : texts(value, cat(where, ": the principal ", kind))) {
      if (name.find('*') != std::string::npos) refuse_policy(where, " has a wildcard as principal");
      found = found || (kind == "Service" && name == service);
    }
  }
  return found;
}

std::vector<std::string> actions_of(const json& value, const std::string& where) {
  std::vector<std::string> actions = texts(value, where + ": Action");
  for (const std::string& action : actions) {
    if (action != "*" && (action.find(':') == std::string::npos || !is_visible(action) ||
                          action.find('$') != std::string::npos)) {
      refuse_policy(where, cat(" has the unknown action \"", action, "\""));
    }
  }
  return actions;
}

std::vector<PolicyCondition> conditions_of(const json& block, const std::string& where) {
  if (!block.is_object()) refuse_policy(where, ": Condition is not an object");
  std::vector<PolicyCondition> conditions;
  for (const auto& [operation, keys] : block.items()) {
    if (!keys.is_object()) refuse_policy(where, cat(": ", operation, " is not an object"));
    for (const auto& [key, value] : keys.items()) {
      const bool is_switch = operation == "Null" && value.is_boolean();
      const auto values = is_switch ? std::vector<std::string>{value.get<bool>() ? "true" : "false"}
                                    : texts(value, cat(where, ": ", operation, " ", key));
      conditions.emplace_back(operation, key, values, where);
    }
  }
  return conditions;
}

PolicyStatement read_statement(const json& value, const std::string& label,
                               const std::string& name) {
  const std::string where = cat(name, ", ", label);
  if (!value.is_object()) refuse_policy(where, " is not an object");
  refuse_other_members(value, {"Sid", "Effect", "Principal", "Action", "Condition"}, where);
  for (const char* needed : {"Effect", "Principal", "Action"})
    if (member(value, needed) == nullptr) refuse_policy(where, cat(" has no ", needed));
  const auto effect = text_member(value, "Effect");
  if (effect != "Allow" && effect != "Deny")
    refuse_policy(where, " has an Effect that is neither Allow nor Deny");
  PolicyStatement statement;
  statement.label = label;
  statement.allows = effect == "Allow";
  statement.names_service = names_service(value["Principal"], where);
  statement.actions = actions_of(value["Action"], where);
  if (const json* block = member(value, "Condition"))
    statement.conditions = conditions_of(*block, where);
  return statement;
}

bool covers(const PolicyStatement& statement, std::string_view action) {
  return statement.names_service &&
         std::any_of(statement.actions.begin(), statement.actions.end(),
                     [action](const std::string& one) { return matches_action(one, action); });
}

Outcome holds(const PolicyStatement& statement, const RequestContext& context) {
  Outcome all = Outcome::yes;
  for (const PolicyCondition& condition : statement.conditions) {
    const Outcome one = condition.evaluate(context);
    if (one == Outcome::no) return Outcome::no;
    if (one == Outcome::unknown) all = Outcome::unknown;
  }
  return all;
}

// Empty if the policy allows the action. A statement with a variable that has no value allows
// nothing, and denies.
std::string refusal_of(const std::vector<PolicyStatement>& statements, std::string_view action,
                       const RequestContext& context) {
  std::string why;
  bool is_allowed = false;
  for (const PolicyStatement& statement : statements) {
    if (!covers(statement, action)) continue;
    const Outcome outcome = holds(statement, context);
    if (!statement.allows) {
      if (outcome != Outcome::no) return cat(statement.label, " denies ", action);
      continue;
    }
    is_allowed = is_allowed || outcome == Outcome::yes;
    for (const PolicyCondition& condition : statement.conditions) {
      if (condition.evaluate(context) != Outcome::yes)
        why += cat("; ", statement.label, ": ", condition.failure(context));
    }
  }
  return is_allowed ? "" : cat("no statement allows ", action, why);
}

}  // namespace

TrustPolicy::TrustPolicy(std::string_view text, const std::string& name) {
  const json policy = parse_json(text);
  if (!policy.is_object() || has_duplicate_names(text)) {
    throw Error(ErrorKind::usage,
                name + " is not a JSON object, or has two members of one name in one object",
                "a trust policy is what `rolecall policy` prints, without --source-ip");
  }
  refuse_other_members(policy, {"Version", "Id", "Statement"}, name);
  // Without a version, or in the older one, IAM knows no variables.
  if (text_member(policy, "Version") != "2012-10-17")
    refuse_policy(name, " has another Version than \"2012-10-17\"");
  const json* statements = member(policy, "Statement");
  if (statements == nullptr) refuse_policy(name, " has no Statement");
  const json list = statements->is_array() ? *statements : json::array({*statements});
  if (list.empty()) refuse_policy(name, " has no Statement");
  for (const json& statement : list) {
    statements_.push_back(
        read_statement(statement, cat("statement ", statements_.size() + 1), name));
  }
}

std::string TrustPolicy::refusal(const RequestContext& context) const {
  for (const std::string_view action : needed_actions) {
    std::string why = refusal_of(statements_, action, context);
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace rolecall::emulate
