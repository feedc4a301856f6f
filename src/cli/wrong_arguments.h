// What is wrong with a command line, in our words, with what was most likely meant.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace rolecall::cli {

// Of what the parser could not place, the first. Never shows what may be (a part of) a secret.
[[noreturn]] void refuse_leftover(const CLI::App& app);

// For any other complaint of the parser.
[[noreturn]] void refuse(const CLI::App& app, const CLI::ParseError& error);

// For arguments that do not begin with a command.
[[noreturn]] void refuse_command(const std::vector<std::string>& arguments);

// Throws Error (usage) where a flag has the next flag as its value, or where a value that is an
// ARN, a region or a URL has blanks, line ends or quotes around it, or a path that leads nowhere
// has them: some tool took them for a part of it.
void check_values(const CLI::App& app);

}  // namespace rolecall::cli
