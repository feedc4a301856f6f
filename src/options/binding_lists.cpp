#include "options/binding_lists.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "rolecall/error.h"
#include "terminal/similar.h"

namespace rolecall::cli {
namespace {

constexpr std::string_view list_name = "bindings";
constexpr std::string_view fallback_name = "fallback";
constexpr std::size_t most_fallbacks = 8;

const Setting* find_setting(const ConfigFile& file, const std::string& table,
                            std::string_view name) {
  const auto found = file.tables.find(table);
  if (found == file.tables.end()) return nullptr;
  const auto setting = std::find_if(found->second.begin(), found->second.end(),
                                    [name](const Setting& one) { return one.name == name; });
  return setting == found->second.end() ? nullptr : &*setting;
}

class FallbackSearch {
 public:
  explicit FallbackSearch(const ConfigFile& file) : file_(file) {}

  void add_fallbacks_of(const std::string& binding) {
    const Setting* list = find_setting(file_, "binding." + binding, fallback_name);
    if (list == nullptr) return;
    check_list_of_bindings(file_, *list);
    path_.push_back(binding);
    for (const std::string& name : list->values) {
      const std::string begin = location_in(file_, list->line) + ": ";
      if (std::find(path_.begin(), path_.end(), name) != path_.end()) {
        throw Error(ErrorKind::usage,
                    cat(begin, "fallback leads back to the binding \"", name,
                        "\": ", join(path_, " → "), " → ", name),
                    "remove \"" + name + "\" from this list");
      }
      if (std::find(found_.begin(), found_.end(), name) != found_.end()) continue;
      if (found_.size() == most_fallbacks) {
        throw Error(ErrorKind::usage,
                    cat(begin, "binding \"", path_.front(), "\" has more than ", most_fallbacks,
                        " fallbacks"),
                    "the fallbacks of a fallback count too");
      }
      found_.push_back(name);
      add_fallbacks_of(name);
    }
    path_.pop_back();
  }
  std::vector<std::string> found() && { return std::move(found_); }

 private:
  const ConfigFile& file_;
  std::vector<std::string> path_;  // from the first binding to the one whose list is read
  std::vector<std::string> found_;
};

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
  if (!takes_several_bindings(command)) return nullptr;
  return find_setting(file, std::string(command.name), list_name);
}

bool is_fallback_list(std::string_view table, std::string_view name) {
  return name == fallback_name && table.starts_with("binding.");
}

std::vector<std::string> fallbacks_of(const ConfigFile& file, const std::string& binding) {
  FallbackSearch search(file);
  search.add_fallbacks_of(binding);
  return std::move(search).found();
}

std::string hint_for_unknown_binding(const ConfigFile& file, const std::string& name) {
  if (name.starts_with("binding.")) return "the name is what follows \"binding.\"";
  const std::string hint = similar(name, file.bindings);
  return hint.empty() ? "a binding starts with a line " + binding_header(name) : hint;
}

}  // namespace rolecall::cli
