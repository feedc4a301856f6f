// The configuration file: values for flags, in TOML (toml.io, version 1.0), in tables.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace rolecall::cli {

// One line of it.
struct Setting {
  std::string name;                 // of the flag, without its dashes
  std::vector<std::string> values;  // one, or several where the file has an array
  int line = 0;
};

struct ConfigFile {
  std::string path;  // empty: there is none
  bool others_can_read = false;
  // By name: "" for what stands before every table, "update" for what is for that command alone,
  // "binding.NAME" for a binding.
  std::map<std::string, std::vector<Setting>> tables;
  std::vector<std::string> bindings;  // names, in the file's order
};

// Reads the file `named` (the value of --config), or where that is empty $ROLECALL_CONFIG, else the
// first that can be read of ~/.config/rolecall/config.toml ($XDG_CONFIG_HOME is followed) and
// /etc/rolecall/config.toml. /dev/null is an empty one. Throws Error (usage), with the line's
// number, for what is not TOML or has no place in such a file; and for a file that others than its
// owner can write, or that belongs to neither root nor this user, as it names commands to run.
ConfigFile read_config_file(const std::string& named);

// Where read_config_file looks when no file is named, for messages.
std::string config_file_places();

}  // namespace rolecall::cli
