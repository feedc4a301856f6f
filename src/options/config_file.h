// The configuration file: values for flags, in TOML (toml.io, version 1.0), in tables.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace rolecall::cli {

// How a value is written.
enum class TomlType { text, number, truth };

// One line of it.
struct Setting {
  std::string name;                 // of the flag, without its dashes
  std::vector<std::string> values;  // one, or several where the file has an array
  int line = 0;
  std::vector<TomlType> types;  // of the values
  bool is_array = false;
};

struct ConfigFile {
  std::string path;  // empty: there is none
  // "configuration file PATH cannot be read: WHY": one that was looked for before this one, or
  // where there is none. Empty where none was in the way.
  std::string unreadable;
  bool others_can_read = false;
  // By name: "" for what stands before every table, "update" for what is for that command alone,
  // "binding.NAME" for a binding.
  std::map<std::string, std::vector<Setting>> tables;
  std::map<std::string, int> lines;   // of the tables
  std::vector<std::string> bindings;  // names, in the file's order
};

// Reads the file `named` (the value of --config), or where that is empty $ROLECALL_CONFIG, else the
// first that can be read of ~/.config/rolecall/config.toml ($XDG_CONFIG_HOME is followed) and
// /etc/rolecall/config.toml. Where HOME is not set either, the user's home directory is the
// system's. /dev/null is an empty one. Throws Error (usage), with the line's
// number, for what is not TOML or has no place in such a file; and for a file that others than its
// owner can write, or that belongs to neither root nor this user, as it names commands to run.
ConfigFile read_config_file(const std::string& named);

// "configuration file PATH, line N": where a value stands.
std::string place_in(const ConfigFile& file, int line);

// "[binding.x]", as the line is written in a file; "[binding.NAME]" if no binding can have this
// name.
std::string binding_header(const std::string& name);

// What a message says where a value or binding was looked for in a file, and there is none: that
// none is there, or that one cannot be read.
std::string why_no_file(const ConfigFile& file);

// What to do then.
std::string hint_for_no_file(const ConfigFile& file);

}  // namespace rolecall::cli
