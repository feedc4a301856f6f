// Lists of bindings in the configuration file. They choose tables of the file, so they are not
// options: there is no flag and no variable for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options/command.h"
#include "options/config_file.h"

namespace rolecall::cli {

// Whether the command can have several bindings. Its table can then list them:
//   [serve]
//   bindings = ["billing", "backup"]
bool takes_several_bindings(const Command& command);

// Whether `name` is such a list in the table of the command.
bool is_list_of_bindings(const Command& command, std::string_view table, std::string_view name);

// Whether `name` is the list of a binding's fallbacks: the bindings that are asked, in this order,
// if the endpoint of the binding cannot be reached.
//   [binding.billing]
//   fallback = ["billing-in-another-region"]
bool is_fallback_list(std::string_view table, std::string_view name);

// The fallbacks of a binding, each followed by its own fallbacks, without duplicates. Throws Error
// (usage), with the line's number, if a list is wrong, if a binding is its own fallback, directly
// or through others, or if there are more than 8.
std::vector<std::string> fallbacks_of(const ConfigFile& file, const std::string& binding);

// Throws Error (usage), with the line's number, if an element of the list is no text, is not the
// name of a binding in the file, or is in the list twice.
void check_list_of_bindings(const ConfigFile& file, const Setting& list);

// The list in the command's table; nullptr if there is none.
const Setting* list_of_bindings(const Command& command, const ConfigFile& file);

// The hint for a binding that the file does not have: a similar name, or how a binding starts.
std::string hint_for_unknown_binding(const ConfigFile& file, const std::string& name);

}  // namespace rolecall::cli
