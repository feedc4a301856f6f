#include "options/binding_lists.h"

#include <algorithm>

#include "base/text.h"
#include "rolecall/error.h"
#include "terminal/similar.h"

namespace rolecall::cli {
namespace {

constexpr std::string_view list_name = "bindings";

}  // namespace

bool takes_several_bindings(const Command& command) {
  const Option* option = find_option(command, "binding");
  return option != nullptr && option->repeatable;
}

bool is_list_of_bindings(const Command& command, std::string_view table, std::string_view name) {
  return name == list_name && table == command.name && takes_several_bindings(command);
}

void check_list_of_bindings(const ConfigFile& file, const Setting& list) {
  const std::string begin = location_in(file, list.line) + ": ";
  if (std::any_of(list.types.begin(), list.types.end(),
                  [](TomlType type) { return type != TomlType::text; })) {
    throw Error(ErrorKind::usage, begin + list.name + " takes names of bindings in quotes",
                "write " + list.name + " = [\"NAME\", \"NAME\"]");
  }
  for (const std::string& name : list.values) {
    if (!file.tables.contains("binding." + name)) {
      throw Error(ErrorKind::usage,
                  cat(begin, "there is no binding \"", name, "\" for ", list.name),
                  hint_for_unknown_binding(file, name));
    }
    if (std::count(list.values.begin(), list.values.end(), name) > 1)
      throw Error(ErrorKind::usage, cat(begin, list.name, " has \"", name, "\" twice"),
                  "remove one of them");
  }
}

const Setting* list_of_bindings(const Command& command, const ConfigFile& file) {
  const auto table = file.tables.find(std::string(command.name));
  if (table == file.tables.end() || !takes_several_bindings(command)) return nullptr;
  const auto found = std::find_if(table->second.begin(), table->second.end(),
                                  [](const Setting& one) { return one.name == list_name; });
  return found == table->second.end() ? nullptr : &*found;
}

std::string hint_for_unknown_binding(const ConfigFile& file, const std::string& name) {
  if (name.starts_with("binding.")) return "the name is what follows \"binding.\"";
  const std::string hint = similar(name, file.bindings);
  return hint.empty() ? "a binding starts with a line " + binding_header(name) : hint;
}

}  // namespace rolecall::cli
