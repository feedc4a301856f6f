// The configuration file: values for options, in tables, in TOML 1.0 (toml.io).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::cli {

// The type of a value in the file.
enum class TomlType { text, number, boolean };

// One line of the file.
struct Setting {
  std::string name;                 // of the option, without its dashes
  std::vector<std::string> values;  // one value, or the elements of an array
  int line = 0;
  std::vector<TomlType> types;  // the types of the values
  bool is_array = false;
  // The value of an option of Kind::secret, which is not in `values`.
  std::shared_ptr<const Secret> secret = {};
};

struct ConfigFile {
  std::string path;  // empty: there is no file
  // "configuration file PATH cannot be read: WHY", for a file that the search skipped before it
  // found `path`. Empty if it skipped no file.
  std::string skipped_file_error;
  bool others_can_read = false;
  // By name: "" for the lines before the first table, "update" for settings of only that command,
  // "binding.NAME" for a binding.
  std::map<std::string, std::vector<Setting>> tables;
  std::map<std::string, int> lines;   // where the tables start, by name
  std::vector<std::string> bindings;  // names, in the file's order
};

// Reads the configuration file. It is the first of these:
// - `named`, the value of --config, unless it is empty
// - $ROLECALL_CONFIG
// - $XDG_CONFIG_HOME/rolecall/config.toml (default: ~/.config/rolecall/config.toml), if readable
// - /etc/rolecall/config.toml, if readable
// If HOME is not set, ~ is the home directory in the system's user database. /dev/null counts as an
// empty file.
// Throws Error (usage), with the line's number, if the file is not valid TOML or has content that
// is not allowed. Also throws if anyone except its owner can write the file, or if the owner is
// neither root nor this user, because the file names commands to run.
ConfigFile read_config_file(const std::string& named);

// "configuration file PATH, line N": where a value is set.
std::string location_in(const ConfigFile& file, int line);

// The header "[binding.x]" of the binding `name`, as a file contains it. "[binding.NAME]" if `name`
// is not allowed for a binding.
std::string binding_header(const std::string& name);

// For a message if a value or a binding is missing because no file was read: either there is no
// file, or the file cannot be read.
std::string missing_file_reason(const ConfigFile& file);

// The hint for that message.
std::string missing_file_hint(const ConfigFile& file);

std::string toml_version();  // of the library that reads the file

}  // namespace rolecall::cli
