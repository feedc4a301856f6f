#include "options/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/pkcs11_uri.h"
#include "base/stray_character.h"
#include "base/text.h"
#include "rolecall/error.h"
#include "rolecall/source.h"
#include "terminal/similar.h"

namespace rolecall::cli {
namespace {

// Our name for an option that was spelled as AWS's variables and configuration file spell it.
std::string_view our_spelling(std::string_view name) {
  if (name == "use-fips-endpoint") return "use-fips";
  return name == "use-dualstack-endpoint" ? "use-dualstack" : name;
}

// Whether this is the rest of a backslash at the end of a line. It becomes an argument if no shell
// joins the lines, as in ~/.aws/config.
bool is_end_of_line(std::string_view argument) {
  return argument == "\\" || argument.starts_with('\n') || argument.starts_with("\r\n");
}

class LineReader {
 public:
  LineReader(const Command& command, std::vector<std::string_view> arguments)
      : command_(command), words_(std::move(arguments)) {}

  CommandLine read() {
    for (; at_ < words_.size(); ++at_) {
      const std::string_view word = words_[at_];
      if (word == "--") {
        take_rest();
      } else if (word == "-h" || word == "--help") {
        line_.asks_for_help = true;
      } else if (word.starts_with("--")) {
        take_option(word.substr(2));
      } else {
        take_word(word);
      }
    }
    if (line_.asks_for_help) return std::move(line_);
    if (command_.needs_command_to_run && line_.command_to_run.empty()) {
      throw Error(
          ErrorKind::usage, "there is no command to run",
          "write it after two dashes: " + full_name(command_) + " --binding NAME -- aws s3 ls");
    }
    if (!leftover_.empty()) refuse_leftover();
    for (const CommandLine::OptionValues& entry : line_.options) {
      if (entry.values.empty()) continue;  // a secret can be any text
      const auto first = entry.option->repeatable ? entry.values.begin() : entry.values.end() - 1;
      std::for_each(first, entry.values.end(), [&](const std::string& text) {
        check_value(*entry.option, text, full_name(command_));
      });
    }
    return std::move(line_);
  }

 private:
  void take_word(std::string_view word) {
    const bool is_operand = !command_.operand.empty() && !has_operand_ && !word.starts_with('-');
    if (is_operand) {
      line_.operand = word;
      has_operand_ = true;
    } else {
      leftover_.emplace_back(word);
    }
  }

  void take_rest() {
    while (++at_ < words_.size()) {
      if (command_.needs_command_to_run) {
        line_.command_to_run.emplace_back(words_[at_]);
      } else {
        take_word(words_[at_]);
      }
    }
  }

  void take_option(std::string_view text) {
    const std::size_t equals = text.find('=');
    const Option* option = find_option(command_, our_spelling(text.substr(0, equals)));
    if (option == nullptr) {
      leftover_.push_back(cat("--", text));
      return;
    }
    const std::string_view* next = at_ + 1 < words_.size() ? &words_[at_ + 1] : nullptr;
    std::string_view value;
    if (equals != std::string::npos) {
      value = text.substr(equals + 1);
    } else if (option->kind == Kind::toggle) {
      value = "true";
    } else if (option->kind != Kind::unused) {
      require_value(*option, next);
      value = *next;
      ++at_;
    } else if (next != nullptr && !next->starts_with('-')) {
      ++at_;
    }
    add_value(*option, value);
  }

  // If a variable in a script is empty, the next option would become the value. The message names
  // only the part before "=", because a password may follow.
  void require_value(const Option& option, const std::string_view* next) const {
    const std::string flag = cat("--", option.name);
    const std::string example = cat(flag, " ", placeholder(option));
    if (next == nullptr || (*next == "--" && command_.needs_command_to_run)) {
      throw Error(ErrorKind::usage, flag + " needs a value",
                  example + "; a value that begins with a dash: " + flag + "=VALUE");
    }
    if (option.kind == Kind::secret || !next->starts_with("--")) return;
    const std::string name(next->substr(2, next->find('=') - 2));
    if (find_option(command_, our_spelling(name)) == nullptr) return;
    throw Error(ErrorKind::usage, flag + " needs a value, but --" + name + " follows it", example);
  }

  void add_value(const Option& option, std::string_view value) {
    const auto same = std::find_if(line_.options.begin(), line_.options.end(),
                                   [&](const auto& entry) { return entry.option == &option; });
    CommandLine::OptionValues& entry =
        same != line_.options.end()
            ? *same
            : line_.options.emplace_back(CommandLine::OptionValues{&option, {}});
    if (option.kind == Kind::secret) {
      entry.secret = std::make_shared<const Secret>(value);
    } else {
      entry.values.emplace_back(value);
    }
  }

  bool has_end_of_line() const {
    const auto has = [](const std::vector<std::string>& words) {
      return std::any_of(words.begin(), words.end(), is_end_of_line);
    };
    return has(leftover_) ||
           std::any_of(line_.options.begin(), line_.options.end(), [&has](const auto& entry) {
             return has(entry.values) || (entry.secret && is_end_of_line(entry.secret->view()));
           });
  }

  [[noreturn]] void refuse_leftover() const {
    if (has_end_of_line()) {
      throw Error(ErrorKind::usage, "the arguments contain the end of a line",
                  "a backslash joins lines only in a shell: in ~/.aws/config, write "
                  "credential_process on one line, without a backslash");
    }
    const char* quote_hint = "values with spaces need quotes: double quotes in ~/.aws/config";
    for (const CommandLine::OptionValues& entry : line_.options) {
      // The leftover argument may be part of a secret: a secret value that begins with a dash, or
      // one with a space and without quotes.
      const Kind kind = entry.option->kind;
      const bool has_pin = std::any_of(entry.values.begin(), entry.values.end(), contains_pin);
      if (kind != Kind::secret && kind != Kind::source && kind != Kind::command && !has_pin)
        continue;
      const std::string flag = cat("--", entry.option->name);
      throw Error(
          ErrorKind::usage,
          "unexpected argument (not shown, because it may be part of the value of " + flag + ")",
          cat(quote_hint, "; a value that begins with a dash: ", flag, "=VALUE"));
    }
    const std::string& first = leftover_.front();
    if (first.starts_with('-') && first.size() > 1) refuse_option(first.substr(0, first.find('=')));
    if (first.empty()) {
      throw Error(
          ErrorKind::usage, "unexpected empty argument",
          "check whether a variable of a script is empty; the only values of switches are =true "
          "and =false");
    }
    throw Error(ErrorKind::usage, "unexpected argument \"" + first + "\"", quote_hint);
  }

  [[noreturn]] void refuse_option(const std::string& flag) const {
    std::vector<std::string> names = {"--help"};
    for (const Option* option : all_options(command_))
      names.push_back(cat("--", option->name));
    const Option* turned_off =
        flag.starts_with("--no-") ? find_option(command_, flag.substr(5)) : nullptr;
    std::string hint = turned_off != nullptr && turned_off->kind == Kind::toggle
                           ? cat("--", turned_off->name, "=false turns it off")
                           : similar(flag, names);
    if (hint.empty()) hint = full_name(command_) + " --help lists the options";
    throw Error(ErrorKind::usage, "unknown option " + flag, hint);
  }

  const Command& command_;
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
  CommandLine line_;
  bool has_operand_ = false;
  std::vector<std::string> leftover_;
};

}  // namespace

CommandLine read_command_line(const Command& command, std::vector<std::string_view> arguments) {
  return LineReader(command, std::move(arguments)).read();
}

void check_stray_characters(const Option& option, const std::string& value) {
  const Kind kind = option.kind;
  const bool is_path = kind == Kind::input || kind == Kind::path || kind == Kind::library;
  if (kind != Kind::word && kind != Kind::url && !is_path) return;
  // Spaces are allowed in a PKCS#11 URI. It can also contain a PIN, which must not be in a message.
  if (is_path &&
      (Source::kind_of(value) == Source::Kind::token || access(value.c_str(), F_OK) == 0)) {
    return;
  }
  const auto stray = find_stray_character(value, Stray::ends);
  if (!stray) return;
  // The message does not show a URL, because a URL can contain a password.
  throw Error(
      ErrorKind::usage,
      cat("--", option.name, kind == Kind::url ? "" : " \"" + value + "\"", " has ", stray->text),
      stray->hint);
}

}  // namespace rolecall::cli
