// Where the password of a key comes from.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::cli {

// The value of --password-source, taken apart. Empty text is `none`. `invalid` is every other text
// that has none of the forms.
struct PasswordSpec {
  enum class Kind { none, file, variable, descriptor, credential, command, invalid };
  Kind kind;
  std::string_view value = {};  // what follows the colon: a part of the text that was taken apart
};
PasswordSpec parse_password_spec(std::string_view text);

// The values of options of Kind::secret. Null if they were not given.
struct GivenPasswords {
  std::shared_ptr<const Secret> pkcs8;
  std::shared_ptr<const Secret> tpm_key;
};

// Returns the source of passwords and PINs.
// `text` is the value of --password-source: env:NAME, file:PATH, fd:N, credential:NAME (in
// systemd's $CREDENTIALS_DIRECTORY) or command:WORDS (base/subprocess.h says how the words are
// split).
// If `text` is empty, the password for this kind of key in `given` is used, or $ROLECALL_PIN for a
// token. If that is empty too, the user is asked on the terminal, at most three times.
// The source opens, runs and asks nothing until a key needs a password. Files and commands are read
// again each time, because they may change during a long run. What can be read only once is
// remembered. Throws Error (usage) if `text` has none of these forms.
PasswordSource password_source(const std::string& text, const GivenPasswords& given,
                               const Reporter& reporter);

// What the user typed a password or PIN for in this run, without duplicates.
const std::vector<std::string>& typed_passwords();

}  // namespace rolecall::cli
