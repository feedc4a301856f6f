// The environment of the program.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::cli {

// Empty where it is not set: programs take an empty variable as none.
std::string environment(const char* name);

// HOME, else the one that the system has for this user; empty where there is none.
std::string home_directory();

// XDG_RUNTIME_DIR where it is a directory of this user (XDG Base Directory Specification), else
// empty: `su` leaves another user's there, and containers one that is not there.
std::string user_runtime_directory();

// Whether the variable names a directory of this user; or one that is missing, in one that is his.
bool names_own_directory(const char* variable);
bool names_own_place(const char* variable);

// Sets a variable, where it is not set, for a library in this process alone: `is_for_us_alone` says
// of which ones a command that we become is not to have them.
void set_for_us_alone(const char* name, const char* value);
bool is_for_us_alone(std::string_view name);

// Takes SSLKEYLOGFILE out of the environment: libcurl, OpenSSL or a module would write down there
// what decrypts our TLS, and so the credentials. The value is kept for exec's command, as it was
// set for that. Before any thread starts.
void set_aside_key_log();
const std::string& key_log_of_commands();  // empty: none is set

// The value of a variable that holds a secret, once or many times: it is overwritten where the
// kernel shows it as /proc/PID/environ, and no command that is run inherits it. Nothing where it is
// not set.
std::optional<Secret> take_secret_variable(const std::string& name);

// The names of the variables that begin with ROLECALL_, each once.
std::vector<std::string> own_variable_names();

}  // namespace rolecall::cli
