// Conditions of an IAM policy: the operators and policy variables that the emulator knows (IAM User
// Guide, "IAM JSON policy elements: Condition operators" and "Variables and tags").
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rolecall::emulate {

// The values of a request by the names of condition keys, in lower case, because IAM ignores the
// case of these names. A key that is not here is absent from the request.
using RequestContext = std::map<std::string, std::string>;

// A part of a value in a policy.
struct PatternPart {
  enum class Kind {
    character,
    any_text,       // "*" in a pattern
    any_character,  // "?" in a pattern
    variable,       // "${key}" or "${key, 'default'}"
  };
  Kind kind = Kind::character;
  char32_t character = 0;
  std::string key = {};  // of a variable, in lower case
  std::u32string default_value = {};
  bool has_default = false;
};
using Pattern = std::vector<PatternPart>;

enum class Outcome { no, yes, unknown };  // unknown: a variable has no value

// One operator with one key.
class PolicyCondition {
 public:
  // `operation` is such as "ForAnyValue:StringLikeIfExists". Throws Error (usage), with a text that
  // starts with `where`, if the emulator does not know the operator, the key or a value.
  PolicyCondition(std::string_view operation, const std::string& key,
                  const std::vector<std::string>& values, const std::string& where);

  Outcome evaluate(const RequestContext& context) const;
  // Why it is not true: `StringEquals aws:SourceAccount does not match "1"`.
  std::string failure(const RequestContext& context) const;

 private:
  enum class Kind { text, text_without_case, pattern, arn, null };
  enum class Set { none, for_any_value, for_all_values };

  Outcome matches_any(const RequestContext& context, const std::string& value) const;

  std::string label_;
  std::string key_;  // in lower case
  Kind kind_ = Kind::text;
  Set set_ = Set::none;
  bool is_negated_ = false;
  bool if_exists_ = false;
  bool null_value_ = false;  // of Null: whether the key must be absent
  std::vector<Pattern> patterns_;
};

// Whether `text` matches a pattern without variables in which only "*" and "?" are special, in
// either case, as actions do.
bool matches_action(std::string_view pattern, std::string_view text);

}  // namespace rolecall::emulate
