// Where the password of a key comes from.
#pragma once

#include <string>
#include <vector>

#include "rolecall/identity_options.h"
#include "rolecall/reporter.h"

namespace rolecall::cli {

// Given on the command line itself; empty where they are not.
struct GivenPasswords {
  Secret pkcs8;
  Secret tpm_key;
};

// `spec` is the value of --password-source: env:NAME, file:PATH, fd:N, credential:NAME (in
// systemd's $CREDENTIALS_DIRECTORY) or command:WORDS (base/subprocess.h says how they are split).
// Where it is empty, that of `given` for this kind of key is the password; where that is empty,
// too, a person is asked on the terminal, three times at most. Nothing is opened, run or asked
// before a key needs it. Files and commands are read anew each time, as they may change in a long
// run; what can be read only once is remembered. Throws Error (usage) for a spec of no known form.
PasswordSource password_source(const std::string& spec, GivenPasswords given,
                               const Reporter& reporter);

// What a person has typed a password or PIN for in this run, each once.
const std::vector<std::string>& typed_passwords();

}  // namespace rolecall::cli
