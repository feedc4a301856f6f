#include "options/config_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sstream>

namespace rolecall::cli {
// For some invalid files an assertion in the parser fails. That must be an error message, not an
// abort.
struct BrokenToml {};
[[noreturn]] inline void throw_broken_toml() {
  throw BrokenToml();
}
}  // namespace rolecall::cli

#define TOML_ENABLE_FORMATTERS 0
#define TOML_ASSERT(expression) \
  static_cast<void>((expression) || (::rolecall::cli::throw_broken_toml(), false))
#include <toml++/toml.h>

#include "base/file_trust.h"
#include "base/files.h"
#include "base/text.h"
#include "options/environment.h"
#include "options/options.h"
#include "options/toml_text.h"
#include "rolecall/error.h"
#include "serve/binding.h"
#include "terminal/similar.h"

namespace rolecall::cli {
namespace {

constexpr std::size_t longest_file = 128 * 1024;
constexpr const char* path_variable = "ROLECALL_CONFIG";
constexpr const char* system_file = "/etc/rolecall/config.toml";

std::string user_file() {
  std::string directory = environment("XDG_CONFIG_HOME");
  if (directory.empty()) {
    const std::string home = home_directory();
    if (!home.empty()) directory = home + "/.config";
  }
  return directory.empty() ? std::string() : directory + "/rolecall/config.toml";
}

// The reason for `error`, the errno of opening `path`. Empty if the file does not exist.
std::string reason_unreadable(const std::string& path, int error) {
  if (error != ENOENT && error != ENOTDIR) return std::strerror(error);
  struct stat info {};
  const bool is_link = lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
  return is_link ? "it is a link to a file that does not exist" : std::string();
}

// The result has only `path` and `skipped_file_error`.
ConfigFile find_file(const std::string& named) {
  ConfigFile found;
  found.path = named.empty() ? environment(path_variable) : named;
  if (!found.path.empty()) return found;
  for (const std::string& path : {user_file(), std::string(system_file)}) {
    if (path.empty()) continue;
    if (access(path.c_str(), R_OK) == 0) {
      found.path = path;
      return found;
    }
    // The file may be meant for another user, and its values may not be needed. So this is no error
    // yet.
    const std::string why = reason_unreadable(path, errno);
    if (!why.empty() && found.skipped_file_error.empty()) {
      found.skipped_file_error = "configuration file " + path + " cannot be read: " + why;
    }
  }
  return found;
}

FileContent read_file_at(const std::string& path, bool from_variable) {
  try {
    return read_file("configuration file", path, Empty::allowed);
  } catch (const Error& error) {
    if (!from_variable) throw;
    throw Error(error.kind(), cat("environment variable ", path_variable, ": ", error.what()),
                error.hint());
  }
}

constexpr const char* use_own_file =
    "use --config or ROLECALL_CONFIG with a file that belongs to you";

// A link of another user could lead to a file of root whose text that user can choose, such as the
// name of a process in /proc.
void check_link(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return;
  const std::string owner = untrusted_owner_text(info.st_uid, geteuid());
  if (owner.empty()) return;
  throw Error(ErrorKind::usage, cat("configuration file ", path, " is a link that ", owner),
              use_own_file);
}

class ConfigReader {
 public:
  explicit ConfigReader(ConfigFile file) : file_(std::move(file)) {}

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
    throw Error(ErrorKind::usage, location_in(file_, line) + ": " + what, hint);
  }

  // The parser recurses for each part of a dotted name: too many of them would overflow the stack.
  void refuse_deep_names(std::string_view text) const {
    int line = 1;
    int dots = 0;
    for (const char c : text) {
      if (c == '.' && ++dots > 1000)
        refuse(line, "the line has more than 1000 dots", "check that it is the right file");
      if (c != '\n') continue;
      ++line;
      dots = 0;
    }
  }

  // The line of the table's header, at or before `line`. When the parser reports the error, it is
  // already after the header, and perhaps after the end of that line.
  static int line_of_header(std::string_view text, std::size_t line) {
    int number = 0;
    int header = 0;
    for (std::size_t begin = 0; begin < text.size() && static_cast<std::size_t>(number) < line;) {
      ++number;
      const std::size_t first = text.find_first_not_of(" \t", begin);
      if (first != std::string_view::npos && text[first] == '[') header = number;
      begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
    }
    return header;
  }

  [[noreturn]] void refuse_syntax(std::string_view text, const toml::parse_error& error) const {
    const std::string_view description = error.description();
    const auto says = [description](std::string_view part) {
      return description.find(part) != description.npos;
    };
    const char* hint =
        "write name = \"value\": in TOML, all values except numbers, true and false need quotes";
    if (says("redefine")) {
      const int line = says("table header") ? line_of_header(text, error.source().begin.line)
                                            : static_cast<int>(error.source().begin.line);
      const std::size_t begin = description.find('\'');
      const std::string name(description.substr(begin + 1, description.rfind('\'') - begin - 1));
      if (name.starts_with("binding") && says("as table")) {
        refuse(line, "the table [" + name + "] and a line binding = … cannot be in the same file",
               choose_binding);
      }
      refuse(line, "\"" + name + "\" is defined twice", "remove one of them");
    }
    if (says("value type") || says("expected value"))
      refuse(error.source(), "what follows \"=\" is not a value", hint);
    if (says("escape sequence")) {
      refuse(error.source(), backslash_without_meaning, backslash_hint);
    }
    if (says("string"))
      refuse(error.source(), "a text has no closing quote, or contains a control character", hint);
    if (says("utf-8") || says("UTF-8") || says("unicode"))
      refuse(error.source(), "it is not valid UTF-8", hint);
    if (says("representable")) refuse(error.source(), "the number is too large", hint);
    const std::size_t saw = description.find("saw '");
    const std::string what(saw == description.npos ? "" : description.substr(saw + 4));
    refuse(error.source(),
           "it is not valid TOML" + (what.empty() || what[1] == '\\' ? "" : " at " + what), hint);
  }

  void parse(std::string_view text) {
    refuse_deep_names(text);
    std::optional<toml::table> document;
    try {
      document = toml::parse(readable_toml(text));
    } catch (const UnreadableToml& fault) {
      refuse(fault.line, fault.what, fault.hint);
    } catch (const BrokenToml&) {
      throw Error(ErrorKind::usage, "configuration file " + file_.path + " is not TOML",
                  "write lines such as name = \"value\"");
    } catch (const toml::parse_error& error) {
      refuse_syntax(text, error);
    }
    for (auto&& [key, node] : *document) {
      const std::string name = name_of(key, node);
      refuse_list_of_tables(name, name == "binding" ? "[binding.NAME]" : "[" + name + "]", node);
      if (!node.is_table()) {
        if (name == "binding") {
          refuse(node.source(), "there is no setting \"binding\"", choose_binding);
        }
        add("", name, node);
      } else if (name == "binding") {
        add_bindings(*node.as_table());
      } else {
        add_table(name, node);
      }
    }
    sort_bindings();
  }

  // A table named "" would replace the settings before the first table. A message would end at a
  // NUL character.
  std::string name_of(const toml::key& key, const toml::node& node) const {
    std::string name(key.str());
    if (name.empty() || name.find('\0') != std::string::npos) {
      refuse(node.source(), "a name is empty or contains a NUL character",
             "names are those of the flags, without their dashes");
    }
    return name;
  }

  void refuse_list_of_tables(const std::string& name, const std::string& meant,
                             const toml::node& node) const {
    if (!node.is_array_of_tables() || node.as_array()->empty()) return;
    refuse(node.source(), name + " is a list of tables", "did you mean " + meant + "?");
  }

  [[noreturn]] void refuse_inner(const std::string& table, const std::string& name,
                                 const toml::node& node) const {
    std::string hint = "a binding is a table [binding.NAME]; other tables are named after commands";
    if (table.starts_with("binding.")) {
      const std::string header = binding_header(table.substr(table.find('.') + 1) + "." + name);
      hint = "a name with a dot needs quotes: " + header;
    } else if (!similar(table, {"binding"}).empty()) {
      hint = "did you mean " + binding_header(name) + "?";
    }
    refuse(node.source(), "[" + table + "." + name + "] has no meaning", hint);
  }

  void add_bindings(toml::table& bindings) {
    for (auto&& [key, node] : bindings) {
      const std::string name = name_of(key, node);
      refuse_list_of_tables("binding." + name, binding_header(name), node);
      if (!node.is_table()) {
        refuse(node.source(), "\"" + name + "\" is in the table [binding], which has no name",
               "a binding starts with a line [binding.NAME]");
      }
      try {
        serve::check_binding_name(name);
      } catch (const Error& error) {
        refuse(node.source(), error.what(), error.hint());
      }
      add_table("binding." + name, node);
      lines_.emplace_back(node.source().begin.line, name);
    }
  }

  void add_table(const std::string& table, toml::node& content) {
    file_.tables[table];  // also if the table is empty
    file_.lines[table] = static_cast<int>(content.source().begin.line);
    for (auto&& [key, node] : *content.as_table()) {
      const std::string name = name_of(key, node);
      const toml::table* inner = node.as_table();
      if (inner != nullptr && !inner->is_inline()) refuse_inner(table, name, node);
      add(table, name, node);
    }
  }

  void add(const std::string& table, const std::string& name, toml::node& node) {
    Setting setting{name, {}, static_cast<int>(node.source().begin.line), {}, node.is_array()};
    const Option* option = find_option(identity_options, name);
    const bool is_secret = option != nullptr && option->kind == Kind::secret;
    const auto add_value = [&](toml::node& value) {
      std::string text = value_text(setting.name, value);
      if (is_secret) {
        setting.secret = std::make_shared<const Secret>(text);
        wipe(text.data(), text.size());
        if (auto* parsed = value.as_string()) wipe(parsed->get().data(), parsed->get().size());
      } else {
        setting.values.push_back(std::move(text));
      }
      setting.types.push_back(value.is_string()    ? TomlType::text
                              : value.is_boolean() ? TomlType::boolean
                                                   : TomlType::number);
    };
    if (toml::array* array = node.as_array()) {
      for (toml::node& element : *array)
        add_value(element);
    } else {
      add_value(node);
    }
    file_.tables[table].push_back(std::move(setting));
  }

  // The value as text, as a command line would contain it.
  std::string value_text(const std::string& name, const toml::node& node) const {
    if (const auto* text = node.as_string()) {
      if (text->get().find('\0') == std::string::npos) return text->get();
      refuse(node.source(), name + " contains a NUL character", "remove it: no option accepts it");
    }
    if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
    if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
    if (const auto* number = node.as_floating_point()) {
      std::ostringstream text;
      text << number->get();
      return text.str();
    }
    refuse(node.source(), name + " has a value of a type that no option accepts",
           "use a text in quotes, a number, true or false");
  }

  // Restores the file's order, because the parser sorts the tables by name.
  void sort_bindings() {
    std::sort(lines_.begin(), lines_.end());
    for (auto& [line, name] : lines_)
      file_.bindings.push_back(std::move(name));
  }

  static constexpr const char* choose_binding =
      "a binding is chosen by --binding NAME or ROLECALL_BINDING";

  ConfigFile file_;
  std::vector<std::pair<toml::source_index, std::string>> lines_;
};

}  // namespace

ConfigFile read_config_file(const std::string& named) {
  ConfigFile found = find_file(named);
  const std::string path = found.path;
  if (path.empty()) return found;
  if (path == "/dev/null") return {};
  check_link(path);
  const FileContent file = read_file_at(path, named.empty() && !environment(path_variable).empty());
  // Anyone who can write the file can make rolecall run commands, and can change the endpoint that
  // credentials are requested from.
  require_trusted_file("configuration file", path, file.mode, file.owner, use_own_file);
  if (file.bytes.size() > longest_file) {
    throw Error(ErrorKind::usage, "configuration file " + path + " is larger than 128 KiB",
                "check that it is the right file");
  }
  ConfigFile result = ConfigReader(std::move(found)).read(file.bytes.view());
  result.others_can_read = S_ISREG(file.mode) && (file.mode & S_IROTH) != 0;
  return result;
}

std::string toml_version() {
  return cat(TOML_LIB_MAJOR, '.', TOML_LIB_MINOR, '.', TOML_LIB_PATCH);
}

std::string location_in(const ConfigFile& file, int line) {
  return cat("configuration file ", file.path, ", line ", line);
}

std::string missing_file_reason(const ConfigFile& file) {
  return file.skipped_file_error.empty() ? "there is no configuration file"
                                         : file.skipped_file_error;
}

std::string missing_file_hint(const ConfigFile& file) {
  if (!file.skipped_file_error.empty()) {
    return "make it readable for this user, or use another file with --config (/dev/null for no "
           "file)";
  }
  const std::string user = user_file();
  return "make " + (user.empty() ? "" : user + " or ") + system_file +
         ", or name one with --config";
}

std::string binding_header(const std::string& name) {
  if (!serve::is_binding_name(name)) return "[binding.NAME]";
  const bool is_bare = name.find('.') == std::string::npos;
  return "[binding." + (is_bare ? name : "\"" + name + "\"") + "]";
}

}  // namespace rolecall::cli
