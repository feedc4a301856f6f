// CLI11's options for commands that do not include its header, which takes seconds to compile.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace rolecall::cli {

// Each declares one option (under the heading `group` of --help), whose value goes to `value`,
// which must outlive the parse and holds the default. `type` stands for the value in --help.
void add_text(CLI::App& app, const char* name, std::string& value, const char* type,
              const char* help, const char* group = "Options");
void add_switch(CLI::App& app, const char* name, bool& value, const char* help);

// A whole number from `low` to `high`; else the parse throws Error (usage).
void add_number(CLI::App& app, const char* name, long& value, long low, long high, const char* type,
                const char* help, const char* group = "Options");
void add_number(CLI::App& app, const char* name, int& value, int low, int high, const char* type,
                const char* help, const char* group = "Options");

// With or without a fraction, up to a day, and 0 if that is allowed; else the parse throws Error
// (usage).
enum class Zero { refused, allowed };
void add_seconds(CLI::App& app, const char* name, std::chrono::milliseconds& value, Zero zero,
                 const char* help, const char* group = "Options");

// One of `choices`, in exactly that spelling; else the parse throws Error (usage).
void add_choice(CLI::App& app, const char* name, std::string& value,
                std::vector<std::string> choices, const char* help);

// Throws Error (usage) as the parse would if `text` is no value of this option. Sets nothing, so
// that it serves for options of commands that do not run.
void check_text(CLI::Option& option, const std::string& text);

// With a value or none, and not in --help.
void add_hidden(CLI::App& app, const char* name);

// Another text in --help, for an option that is there.
void set_help(CLI::App& app, const char* name, const char* help);

bool is_given(const CLI::App& app, const char* name);

}  // namespace rolecall::cli
