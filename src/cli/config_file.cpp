#include "cli/config_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>

namespace rolecall::cli {
// Some broken files break what the parser expects of itself: an error as others are, and no abort.
struct BrokenToml {};
[[noreturn]] inline void throw_broken_toml() {
  throw BrokenToml();
}
}  // namespace rolecall::cli

#define TOML_ENABLE_FORMATTERS 0
#define TOML_ASSERT(expression) \
  static_cast<void>((expression) || (::rolecall::cli::throw_broken_toml(), false))
#include <toml++/toml.h>

#include "base/files.h"
#include "cli/environment.h"
#include "cli/ui.h"
#include "rolecall/error.h"

namespace rolecall::cli {
namespace {

constexpr std::size_t longest_file = 128 * 1024;
constexpr const char* system_file = "/etc/rolecall/config.toml";

// HOME alone: to look the user up may ask a server on the network.
std::string user_file() {
  std::string directory = environment("XDG_CONFIG_HOME");
  if (directory.empty() && !environment("HOME").empty())
    directory = environment("HOME") + "/.config";
  return directory.empty() ? std::string() : directory + "/rolecall/config.toml";
}

std::string find_file(const std::string& named) {
  if (!named.empty()) return named;
  if (std::string path = environment("ROLECALL_CONFIG"); !path.empty()) return path;
  for (const std::string& path : {user_file(), std::string(system_file)}) {
    // One that this user may not read is for another.
    if (!path.empty() && access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
}

// Who can write the file can have commands run, and the credentials asked for elsewhere.
void check_owner(const FileContent& file, const std::string& name) {
  if ((file.mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw Error(ErrorKind::usage,
                name + " has mode " + mode_text(file.mode) + ": others than its owner can write it",
                "chmod go-w it, and see that what stands in it is yours");
  }
  if (file.owner != 0 && file.owner != geteuid()) {
    throw Error(ErrorKind::usage,
                name + " belongs to the user with the id " + std::to_string(file.owner) +
                    ", neither to root nor to this user (" + std::to_string(geteuid()) + ")",
                "name a file of your own with --config or ROLECALL_CONFIG");
  }
}

class Reader {
 public:
  explicit Reader(std::string path) { file_.path = std::move(path); }

  ConfigFile read(std::string_view text) {
    parse(text);
    return std::move(file_);
  }

 private:
  [[noreturn]] void refuse(const toml::source_region& where, const std::string& what,
                           const std::string& hint) const {
    refuse(static_cast<int>(where.begin.line), what, hint);
  }
  [[noreturn]] void refuse(int line, const std::string& what, const std::string& hint) const {
    throw Error(ErrorKind::usage,
                "configuration file " + file_.path + ", line " + std::to_string(line) + ": " + what,
                hint);
  }

  // The parser calls itself for each part of a dotted name.
  void refuse_deep_names(std::string_view text) const {
    int line = 1;
    int dots = 0;
    for (const char c : text) {
      if (c == '.' && ++dots > 1000) refuse(line, "it has over 1000 dots", "is it the right file?");
      if (c != '\n') continue;
      ++line;
      dots = 0;
    }
  }

  void parse(std::string_view text) {
    refuse_deep_names(text);
    std::optional<toml::table> document;
    try {
      document = toml::parse(text);
    } catch (const BrokenToml&) {
      throw Error(ErrorKind::usage, "configuration file " + file_.path + " is not TOML",
                  "it has lines such as name = \"value\"");
    } catch (const toml::parse_error& error) {
      refuse(error.source(), in_our_form(std::string(error.description())),
             "it is TOML: name = \"value\", values in quotes but for numbers, true and false");
    }
    for (const auto& [key, node] : *document) {
      const std::string name(key.str());
      if (!node.is_table()) {
        add("", name, node);
      } else if (name == "binding") {
        add_bindings(*node.as_table());
      } else {
        add_table(name, *node.as_table());
      }
    }
    sort_bindings();
  }

  void add_bindings(const toml::table& bindings) {
    for (const auto& [key, node] : bindings) {
      const std::string name(key.str());
      if (!node.is_table()) {
        refuse(node.source(), "binding." + name + " is no table",
               "a binding starts with a line [binding.NAME]");
      }
      if (name.empty() || name.find_first_not_of(name_characters) != std::string::npos) {
        refuse(node.source(), "\"" + name + "\" cannot be a binding's name",
               "it takes letters, digits, \".\", \"_\" and \"-\"");
      }
      add_table("binding." + name, *node.as_table());
      lines_.emplace_back(node.source().begin.line, name);
    }
  }

  void add_table(const std::string& table, const toml::table& content) {
    file_.tables[table];  // also where it is empty
    for (const auto& [key, node] : content) {
      if (node.is_table()) {
        refuse(node.source(), "[" + table + "." + std::string(key.str()) + "] has no meaning",
               "tables are [binding.NAME] and [COMMAND]; a NAME with a dot needs quotes");
      }
      add(table, std::string(key.str()), node);
    }
  }

  void add(const std::string& table, const std::string& name, const toml::node& node) {
    Setting setting{name, {}, static_cast<int>(node.source().begin.line)};
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& element : *array)
        setting.values.push_back(text_of(name, element));
    } else {
      setting.values.push_back(text_of(name, node));
    }
    file_.tables[table].push_back(std::move(setting));
  }

  // As it would be written on a command line.
  std::string text_of(const std::string& name, const toml::node& node) const {
    if (const auto* text = node.as_string()) {
      if (text->get().find('\0') == std::string::npos) return text->get();
      refuse(node.source(), name + " holds a NUL character", "no flag takes one");
    }
    if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    if (const auto* number = node.as_floating_point()) {
      std::ostringstream text;
      text << number->get();
      return text.str();
    }
    refuse(node.source(), name + " has a value of a kind that no flag takes",
           "strings, numbers, true and false are taken");
  }

  // The parser sorts by name.
  void sort_bindings() {
    std::sort(lines_.begin(), lines_.end());
    for (auto& [line, name] : lines_)
      file_.bindings.push_back(std::move(name));
  }

  static constexpr std::string_view name_characters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

  ConfigFile file_;
  std::vector<std::pair<toml::source_index, std::string>> lines_;
};

}  // namespace

ConfigFile read_config_file(const std::string& named) {
  const std::string path = find_file(named);
  if (path.empty() || path == "/dev/null") return {};
  const FileContent file = read_file("configuration file", path, Empty::allowed);
  check_owner(file, "configuration file " + path);
  if (file.bytes.size() > longest_file) {
    throw Error(ErrorKind::usage, "configuration file " + path + " is larger than 128 KiB",
                "is it the right file?");
  }
  ConfigFile result = Reader(path).read(file.bytes.view());
  result.others_can_read = S_ISREG(file.mode) && (file.mode & S_IROTH) != 0;
  return result;
}

std::string config_file_places() {
  const std::string user = user_file();
  return (user.empty() ? std::string() : user + " or ") + system_file;
}

}  // namespace rolecall::cli
