// pkcs11: URIs: what p11-kit reads in them, and what no message may show of them.
#include "base/pkcs11_uri.h"

#include "identity/hardware/pkcs11.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

constexpr std::string_view pin = "PIN-7391";

void run(std::string_view input) {
  const std::string text(input);
  if (!is_pkcs11_uri(text)) {
    require(without_pin(text) == text, "other text stays as it is");
    return;
  }
  std::string wiped = text;
  wipe_pins(wiped.data(), wiped.size());
  require(wiped.size() == text.size(), "a wiped URI is as long as before");
  refuses([&] {
    const identity::pkcs11::Uri uri = identity::pkcs11::parse_uri(text);
    require(uri.pin_value.empty() || contains_pin(text), "every PIN that is read is known of");
    if (uri.pin_value.view() != pin) return;
    require(uri.text.find(pin) == std::string::npos, "a URI's text for messages has no PIN");
    require(without_pin(text).find(pin) == std::string::npos, "a message has no PIN");
    require(wiped.find(pin) == std::string::npos, "no PIN is left in a wiped URI");
  });
}

std::vector<std::string> seeds() {
  return {
      "pkcs11:",
      "pkcs11:token=app;object=key;type=private?pin-value=PIN-7391",
      "PKCS11:token=My%20Token;id=%00%01;slot-id=1?module-path=/usr/lib/x.so&pin-source=file:/x",
      "pkcs11:manufacturer=m;serial=1;model=x;pin-value=PIN-7391",
      "pkcs11:library-version=1.2?module-name=x",
      "-"};
}

const Registration target({"pkcs11_uri", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
