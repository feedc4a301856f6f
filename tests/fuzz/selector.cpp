// Certificate selectors, as text and as JSON.
#include "identity/selector.h"

#include "base/json.h"
#include "target.h"
#include "unit/support/certificates.h"

namespace rolecall::fuzz {
namespace {

const ScratchDirectory& scratch() {
  static const ScratchDirectory directory;
  return directory;
}

Selector parse_json_form(std::string_view text) {
  return parse_selector("file://" + scratch().write("selector.json", text));
}

// What one form says, the other can say too.
void check_other_form(const Selector& selector) {
  json list = json::array();
  const auto add = [&list](const char* key, const std::string& value) {
    if (!value.empty()) list.push_back({{"Key", key}, {"Value", value}});
  };
  add("x509Subject", selector.subject);
  add("x509Issuer", selector.issuer);
  add("x509Serial", selector.serial);
  const std::string text = to_text(list);
  if (text.find("\xEF\xBF\xBD") != std::string::npos) return;  // it was not UTF-8
  require(parse_json_form(text) == selector, "both forms of a selector mean the same");
}

void run(std::string_view input) {
  if (input.starts_with('[') || input.starts_with('{')) {
    refuses([&] { parse_json_form(input); });
    return;
  }
  const std::string text(input);
  if (text.starts_with("file:")) return;  // any file of this machine
  Selector selector;
  if (refuses([&] { selector = parse_selector(text); })) return;
  check_other_form(selector);
  static const identity::Certificate leaf(test::der(test::make({}, nullptr).get()), "leaf");
  identity::matches(selector, leaf);  // reads the names
}

std::vector<std::string> seeds() {
  return {
      "Key=x509Subject,Value=CN=web,O=Example\\, Inc. Key=x509Issuer,Value=CN=ca",
      "Key=x509Serial,Value=0A1b",
      "Key=x509Subject,Value=O = \"A, \\\"B\\\"\", CN = leaf+E=#1601 Key=x509Serial,Value=2a:00:05",
      "Key=x509Serial,Value=-1 Key=x509Subject,Value=CN=\\C3\\A9+OU=x",
      R"([{"Key": "x509Subject", "Value": "CN=web"}, {"Key": "x509Serial", "Value": "01"}])",
      R"([{"Key": "x509Issuer", "Value": "CN=a\u00e9,OU=#0c01"}])",
      "{}"};
}

const Registration target({"selector", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
