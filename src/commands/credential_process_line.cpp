#include "commands/credential_process_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/codec.h"
#include "base/descriptor.h"
#include "base/pkcs11_uri.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "options/environment.h"
#include "options/identity_flags.h"
#include "options/password.h"
#include "rolecall/error.h"
#include "rolecall/source.h"

namespace rolecall::cli {
namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& path) {
  std::error_code error;
  const fs::path result = fs::absolute(path, error);
  if (error) {
    throw Error(ErrorKind::usage, "cannot find the full path of " + path + ": " + error.message(),
                "use its full path");
  }
  return result.string();
}

std::string source_text(const std::string& flag, const Source& source) {
  if (!source.can_be_read_again()) {
    throw Error(ErrorKind::usage,
                flag + ": credential_process cannot read " + source.name() + " when it runs",
                "give a file");
  }
  if (source.kind() == Source::Kind::spiffe) return certificate_source(source.text()).text();
  return source.kind() == Source::Kind::file ? absolute(source.text()) : source.text();
}

std::string source_value(const std::string& value) {
  const PasswordSpec spec = parse_password_spec(value);
  if (spec.kind == PasswordSpec::Kind::file) return "file:" + absolute(std::string(spec.value));
  if (spec.kind == PasswordSpec::Kind::descriptor) {
    throw Error(ErrorKind::usage,
                "--password-source: credential_process has no " + value + " when it runs",
                "use file:PATH or command:WORDS, which can be read each time");
  }
  if (spec.kind == PasswordSpec::Kind::command) {
    const std::string program = split_command(spec.value).front();
    if (program.find('/') != std::string::npos && !program.starts_with('/')) {
      throw Error(ErrorKind::usage,
                  "--password-source: the command " + program + " has a relative path",
                  "use its full path: credential_process runs in any directory");
    }
  }
  return value;
}

std::string absolute_value(const Option& option, const std::string& value) {
  const std::string flag = "--" + std::string(option.name);
  if (option.kind == Kind::input) return source_text(flag, value);
  if (option.kind == Kind::path) return value.empty() ? value : absolute(value);
  // The system searches for a name without a slash.
  if (option.kind == Kind::library) return value.find('/') == value.npos ? value : absolute(value);
  if (option.kind == Kind::source) return source_value(value);
  constexpr std::string_view scheme = "file://";
  if (option.kind == Kind::selector && value.starts_with(scheme))
    return std::string(scheme) + absolute(value.substr(scheme.size()));
  return value;
}

bool is_plain(const std::string& word) {
  return only(word, letters_and_digits, "@%_+=:,./-");
}

// In double quotes, a shell gives a meaning to the first four of these characters, and the SDK for
// Go removes backslashes itself. "#" starts a comment anywhere in a line for some versions of the
// SDKs for C++ and Go. ";" starts a comment after a space for most SDKs.
void check_quotable(const std::string& word, const std::string& name) {
  const auto refuse = [&name](const std::string& why) {
    throw Error(
        ErrorKind::usage, name + " contains " + why + ", which some SDKs do not pass on",
        "use another path without it; or set the value in a binding of the configuration file "
        "(rolecall-config(5)), and use --binding");
  };
  for (const char c : word) {
    if (std::string_view("\\$`\"#").find(c) != std::string_view::npos) {
      refuse(std::string("the character ") + c);
    }
  }
  if (word.find(" ;") != std::string::npos) refuse("a semicolon after a space");
  if (terminal_safe(word) != word) refuse("a control character, or bytes that are not UTF-8");
}

std::string quoted_for_sdks(const std::string& word) {
  return is_plain(word) ? word : "\"" + word + "\"";
}

bool all_plain(const FlagWords& words) {
  return std::all_of(words.begin(), words.end(), is_plain);
}

// The path or name that the program was called by. A name is searched for in PATH. Empty if it
// cannot be found.
std::string invoked_path() {
  const Descriptor file(open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  std::string name(4096, '\0');
  const ssize_t got = !file.is_open() ? -1 : read(file.fd(), name.data(), name.size());
  name.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  name = name.substr(0, name.find('\0'));
  if (name.empty() || name.find('/') != std::string::npos) return name;
  const std::string path = environment("PATH");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    std::string candidate = path.substr(begin, end - begin) + "/" + name;
    if (candidate.size() > name.size() + 1 && access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    begin = end + 1;
  }
  return {};
}

}  // namespace

std::vector<FlagWords> given_flags(const Command& command, const CommandLine& line,
                                   Options left_out) {
  std::vector<FlagWords> flags;
  for (const Option* option : all_options(command)) {
    const CommandLine::OptionValues* entry = line.find(option->name);
    if (entry == nullptr || find_option(left_out, option->name) != nullptr) continue;
    const std::string flag = "--" + std::string(option->name);
    if (option->kind == Kind::secret) {
      throw Error(ErrorKind::usage,
                  flag + " must not be in ~/.aws/config, because others may read it",
                  "--password-source says where the password is: file:PATH, command:WORDS, …");
    }
    if (option->kind == Kind::toggle) {
      flags.push_back({boolean_value(entry->values.back()) ? flag : flag + "=false"});
      continue;
    }
    const std::string value = absolute_value(*option, entry->values.back());
    if (contains_pin(value)) {
      throw Error(
          ErrorKind::usage,
          flag + " contains a PIN, which must not be in ~/.aws/config, because others may read it",
          "use pin-source in the URI, or --password-source file:PATH, for a file with the PIN");
    }
    check_quotable(value, flag);
    // After a space, such a value would look like a flag.
    if (value.starts_with('-')) {
      flags.push_back({flag + "=" + value});
    } else {
      flags.push_back({flag, value});
    }
  }
  return flags;
}

std::string program_path() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const std::string name = invoked_path();
  const fs::path called = name.empty() ? fs::path() : fs::absolute(name, error).lexically_normal();
  for (const fs::path& path : {called, self}) {
    if (!path.empty() && fs::equivalent(path, "/proc/self/exe", error) && !error) {
      return path.string();
    }
  }
  throw Error(ErrorKind::failed, "cannot find the path of this program",
              "was it replaced while it ran? Try again");
}

std::string credential_process_line(const std::string& program, std::vector<FlagWords> flags) {
  check_quotable(program, "the path of this program, " + program + ",");
  std::stable_partition(flags.begin(), flags.end(),
                        [](const FlagWords& words) { return !all_plain(words); });
  std::string line = quoted_for_sdks(program) + " credential-process";
  for (const FlagWords& words : flags) {
    for (const std::string& word : words)
      line += " " + quoted_for_sdks(word);
  }
  if (line.starts_with('"') && line.ends_with('"')) {
    throw Error(ErrorKind::usage,
                "the path of this program, " + program +
                    ", and every value need quotes, which the SDK for Go cannot read",
                "run it by a path without spaces, such as a link in /usr/local/bin");
  }
  return line;
}

}  // namespace rolecall::cli
