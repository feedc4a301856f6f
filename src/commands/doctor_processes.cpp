#include "commands/doctor_processes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "base/descriptor.h"
#include "base/descriptor_io.h"
#include "base/text.h"
#include "commands/all_commands.h"
#include "options/command_line.h"
#include "rolecall/secret.h"

namespace rolecall::cli {
namespace {

// A file of /proc, which may contain secrets: the variables and the command line of a process.
Secret read_process_file(const std::string& process, const char* file) {
  constexpr std::size_t most = 1 << 20;
  const Descriptor opened(
      open(cat("/proc/", process, "/", file).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  Secret text;
  if (!opened.is_open() || read_to_end(opened.fd(), most, text) != 0) return {};
  return text;
}

// The texts that end in NUL characters.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    words.push_back(text.substr(0, text.find('\0')));
    text.remove_prefix(std::min(words.back().size() + 1, text.size()));
  }
  return words;
}

CommandLine read_line(const Command& command, const std::vector<std::string_view>& words) {
  try {
    return read_command_line(command, {words.begin() + 2, words.end()});
  } catch (const Error&) {
    return {};  // another version of rolecall may have other options
  }
}

}  // namespace

std::string RunningCommand::text() const {
  return cat(name, " (process ", process, ")");
}

std::string RunningCommand::variable(std::string_view variable_name) const {
  const Secret text = read_process_file(process, "environ");
  for (const std::string_view word : words_of(text.view()))
    if (word.starts_with(variable_name) && word.substr(variable_name.size()).starts_with('='))
      return std::string(word.substr(variable_name.size() + 1));
  return {};
}

std::shared_ptr<const ConfigFile> RunningCommand::file(
    const std::shared_ptr<const ConfigFile>& ours) const {
  const CommandLine::OptionValues* given = line.find("config");
  const std::string path = given != nullptr ? given->values.back() : variable("ROLECALL_CONFIG");
  if (!path.starts_with('/')) return ours;
  try {
    return std::make_shared<const ConfigFile>(read_config_file(path));
  } catch (const Error&) {
    return ours;
  }
}

std::vector<RunningCommand> running_commands() {
  std::vector<RunningCommand> found;
  const Descriptor processes(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const std::string& process : names_in(processes.fd())) {
    if (!only(process, ascii_digits)) continue;
    std::ifstream name_file(cat("/proc/", process, "/comm"));
    std::string name;
    if (!std::getline(name_file, name) || name != "rolecall") continue;
    const Secret text = read_process_file(process, "cmdline");
    const std::vector<std::string_view> words = words_of(text.view());
    struct stat info {};
    // The directory belongs to the user of the process. The files in it may belong to root.
    if (words.size() < 2 || stat(cat("/proc/", process).c_str(), &info) != 0) continue;
    for (const Command* command : {&serve_command, &update_command}) {
      if (words[1] != command->name) continue;
      found.push_back(
          {std::string(command->name), process, info.st_uid, read_line(*command, words)});
    }
  }
  return found;
}

}  // namespace rolecall::cli
