// The environment variables of this process.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::cli {

// The value of the variable. Empty if it is not set, because programs treat an empty variable like
// one that is not set.
std::string environment(const char* name);

// HOME, otherwise the home directory in the system's user database. Empty if neither is set.
std::string home_directory();

// XDG_RUNTIME_DIR if it is a directory that belongs to this user (XDG Base Directory
// Specification), otherwise empty. After `su` the variable still names the directory of the other
// user, and in containers the directory may not exist.
std::string user_runtime_directory();

// names_own_directory: whether the variable names a directory that belongs to this user.
// names_own_path: the same, except that the directory may be missing. Then its nearest existing
// parent must belong to this user. Both need an absolute path.
bool names_own_directory(const char* variable);
bool names_own_path(const char* variable);

// Sets a variable for a library in this process, unless it is already set. If rolecall becomes
// another command (exec), that command must not get the variable: is_for_this_process_only says
// which ones.
void set_for_this_process_only(const char* name, const char* value);
bool is_for_this_process_only(std::string_view name);

// Removes SSLKEYLOGFILE from the environment: libcurl, OpenSSL or a PKCS#11 module would write the
// keys of our TLS connections into that file, and anyone who reads the file could decrypt the
// credentials. The value is kept for the command of exec, because the user set the variable for
// that command. Call this before any thread starts.
void remove_key_log_variable();
const std::string& key_log_for_commands();  // empty: SSLKEYLOGFILE was not set

// Removes a variable that contains a secret from the environment, and returns its value, also at
// later calls. The value is overwritten where the kernel shows it as /proc/PID/environ, and no
// command that rolecall runs inherits the variable. Null if the variable is not set.
std::shared_ptr<const Secret> take_secret_variable(const std::string& name);

// The names of all variables that begin with ROLECALL_, without duplicates.
std::vector<std::string> own_variable_names();

}  // namespace rolecall::cli
