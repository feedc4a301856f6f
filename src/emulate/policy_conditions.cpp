#include "emulate/policy_conditions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "base/unicode.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

using Part = PatternPart::Kind;

[[noreturn]] void refuse_condition(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::usage, where + what,
              "emulate knows only a part of the policy language: see rolecall-emulate(1)");
}

bool is_known_key(std::string_view key) {
  constexpr std::array<std::string_view, 4> keys = {"aws:sourcearn", "aws:sourceaccount",
                                                    "sts:sourceidentity", "sts:rolesessionname"};
  constexpr std::string_view tag = "aws:principaltag/";
  return std::find(keys.begin(), keys.end(), key) != keys.end() ||
         (key.starts_with(tag) && key.size() > tag.size());
}

// The text between "${" and "}".
PatternPart parse_variable(std::string_view text, const std::string& where) {
  if (text == "*" || text == "?" || text == "$")
    return {Part::character, static_cast<char32_t>(text.front())};
  PatternPart part{.kind = Part::variable};
  const std::size_t comma = text.find(',');
  part.key = lower_case(trim(text.substr(0, comma)));
  if (!is_known_key(part.key))
    refuse_condition(where, cat(" has the unknown variable ${", text, "}"));
  if (comma == std::string_view::npos) return part;
  const std::string_view value = trim(text.substr(comma + 1));
  if (value.size() < 2 || value.front() != '\'' || value.back() != '\'')
    refuse_condition(where, cat(" has a default without single quotes in ${", text, "}"));
  part.default_value = code_points(value.substr(1, value.size() - 2));
  part.has_default = true;
  return part;
}

Pattern parse_pattern(std::string_view text, bool has_wildcards, const std::string& where) {
  Pattern pattern;
  while (!text.empty()) {
    const std::size_t dollar = text.find("${");
    for (const char32_t c : code_points(text.substr(0, dollar))) {
      const bool any_text = has_wildcards && c == U'*';
      const bool any_character = has_wildcards && c == U'?';
      pattern.push_back({any_text        ? Part::any_text
                         : any_character ? Part::any_character
                                         : Part::character,
                         c});
    }
    if (dollar == std::string_view::npos) break;
    const std::size_t end = text.find('}', dollar);
    if (end == std::string_view::npos) refuse_condition(where, " has \"${\" without \"}\"");
    pattern.push_back(parse_variable(text.substr(dollar + 2, end - dollar - 2), where));
    text.remove_prefix(end + 1);
  }
  return pattern;
}

// The pattern with the values of the variables. Nothing if a variable has no value.
std::optional<Pattern> resolved(const Pattern& pattern, const RequestContext& context) {
  Pattern result;
  for (const PatternPart& part : pattern) {
    if (part.kind != Part::variable) {
      result.push_back(part);
      continue;
    }
    const auto found = context.find(part.key);
    if (found == context.end() && !part.has_default) return std::nullopt;
    const std::u32string value =
        found == context.end() ? part.default_value : code_points(found->second);
    for (const char32_t c : value)
      result.push_back({Part::character, c});
  }
  return result;
}

bool is_pattern_match(const Pattern& pattern, std::u32string_view text) {
  std::size_t at = 0;
  std::size_t in_text = 0;
  std::size_t star = pattern.size();  // the last "*" that was seen, and where its text ends
  std::size_t star_end = 0;
  while (in_text < text.size()) {
    const bool fits =
        at < pattern.size() &&
        (pattern[at].kind == Part::any_character ||
         (pattern[at].kind == Part::character && pattern[at].character == text[in_text]));
    if (fits) {
      ++at;
      ++in_text;
    } else if (at < pattern.size() && pattern[at].kind == Part::any_text) {
      star = at++;
      star_end = in_text;
    } else if (star < pattern.size()) {
      at = star + 1;
      in_text = ++star_end;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at].kind == Part::any_text)
    ++at;
  return at == pattern.size();
}

constexpr std::size_t parts_of_arn = 6;

// Splits at the first five colons. The result has fewer than six parts if it is not an ARN.
template <class Text, class IsColon>
std::vector<Text> split_at_colons(const Text& text, IsColon is_colon) {
  std::vector<Text> parts(1);
  for (const auto& c : text) {
    if (parts.size() < parts_of_arn && is_colon(c))
      parts.emplace_back();
    else
      parts.back().push_back(c);
  }
  return parts;
}

std::vector<Pattern> split_arn_pattern(const Pattern& pattern) {
  return split_at_colons(pattern, [](const PatternPart& part) {
    return part.kind == Part::character && part.character == U':';
  });
}

// Wildcards do not match across the parts of an ARN.
bool is_arn_match(const Pattern& pattern, const std::u32string& text) {
  const std::vector<Pattern> patterns = split_arn_pattern(pattern);
  const auto parts = split_at_colons(text, [](char32_t c) { return c == U':'; });
  if (parts.size() != patterns.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!is_pattern_match(patterns[i], parts[i])) return false;
  return true;
}

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

PolicyCondition::PolicyCondition(std::string_view operation, const std::string& key,
                                 const std::vector<std::string>& values, const std::string& where)
    : label_(cat(operation, " ", key)), key_(lower_case(key)) {
  struct Operator {
    std::string_view name;
    Kind kind;
    bool is_negated;
  };
  constexpr std::array<Operator, 11> operators = {{
      {"StringEquals", Kind::text, false},
      {"StringNotEquals", Kind::text, true},
      {"StringEqualsIgnoreCase", Kind::text_without_case, false},
      {"StringNotEqualsIgnoreCase", Kind::text_without_case, true},
      {"StringLike", Kind::pattern, false},
      {"StringNotLike", Kind::pattern, true},
      {"ArnEquals", Kind::arn, false},
      {"ArnLike", Kind::arn, false},
      {"ArnNotEquals", Kind::arn, true},
      {"ArnNotLike", Kind::arn, true},
      {"Null", Kind::null, false},
  }};
  std::string_view name = operation;
  if (drop_prefix(name, "ForAnyValue:"))
    set_ = Set::for_any_value;
  else if (drop_prefix(name, "ForAllValues:"))
    set_ = Set::for_all_values;
  if_exists_ = drop_suffix(name, "IfExists");
  const auto* found = std::find_if(operators.begin(), operators.end(),
                                   [name](const Operator& one) { return one.name == name; });
  const bool is_null = found != operators.end() && found->kind == Kind::null;
  if (found == operators.end() || (is_null && name != operation))
    refuse_condition(where, cat(" has the unknown condition operator \"", operation, "\""));
  kind_ = found->kind;
  is_negated_ = found->is_negated;
  if (!is_known_key(key_))
    refuse_condition(where, cat(" has the unknown condition key \"", key, "\""));
  if (values.empty()) refuse_condition(where, cat(" has no value for ", label_));
  if (is_null) {
    if (values.size() != 1 || (values.front() != "true" && values.front() != "false"))
      refuse_condition(where, cat(" has a value of ", label_, " that is neither true nor false"));
    null_value_ = values.front() == "true";
    return;
  }
  for (const std::string& value : values) {
    const bool has_wildcards = kind_ == Kind::pattern || kind_ == Kind::arn;
    patterns_.push_back(parse_pattern(value, has_wildcards, cat(where, ": ", label_)));
    if (kind_ != Kind::arn) continue;
    const Pattern& pattern = patterns_.back();
    const bool has_variable = std::any_of(pattern.begin(), pattern.end(), [](const auto& part) {
      return part.kind == Part::variable;
    });
    if (has_variable || split_arn_pattern(pattern).size() != parts_of_arn)
      refuse_condition(where, cat(": ", label_, " has the value \"", value,
                                  "\", which is not an ARN, or has a variable"));
  }
}

Outcome PolicyCondition::matches_any(const RequestContext& context,
                                     const std::string& value) const {
  std::u32string text = code_points(kind_ == Kind::text_without_case ? lower_case(value) : value);
  bool is_known = true;
  for (const Pattern& pattern : patterns_) {
    std::optional<Pattern> known = resolved(pattern, context);
    if (!known) {
      is_known = false;
      continue;
    }
    if (kind_ == Kind::text_without_case) {
      for (PatternPart& part : *known)
        if (part.character >= U'A' && part.character <= U'Z') part.character += U'a' - U'A';
    }
    if (kind_ == Kind::arn ? is_arn_match(*known, text) : is_pattern_match(*known, text))
      return Outcome::yes;
  }
  return is_known ? Outcome::no : Outcome::unknown;
}

Outcome PolicyCondition::evaluate(const RequestContext& context) const {
  const auto outcome = [](bool value) { return value ? Outcome::yes : Outcome::no; };
  const auto found = context.find(key_);
  const bool is_absent = found == context.end();
  if (kind_ == Kind::null) return outcome(is_absent == null_value_);
  if (is_absent) {
    // All keys here have one value, so only an absent key distinguishes the set operators.
    if (if_exists_ || set_ == Set::for_all_values) return Outcome::yes;
    return outcome(is_negated_ && set_ == Set::none);
  }
  const Outcome matches = matches_any(context, found->second);
  if (!is_negated_ || matches == Outcome::unknown) return matches;
  return outcome(matches == Outcome::no);
}

std::string PolicyCondition::failure(const RequestContext& context) const {
  const auto found = context.find(key_);
  if (evaluate(context) == Outcome::unknown) return label_ + " has a variable without a value";
  if (found == context.end()) return label_ + " is false, because the request has no such key";
  return cat(label_, " is false, because the value is \"", found->second, "\"");
}

bool matches_action(std::string_view pattern, std::string_view text) {
  return is_pattern_match(parse_pattern(lower_case(pattern), true, {}),
                          code_points(lower_case(text)));
}

}  // namespace rolecall::emulate
