// rolecall version: prints the version of rolecall and of its libraries.
#include <openssl/crypto.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "base/files.h"
#include "base/json.h"
#include "base/library.h"
#include "base/text.h"
#include "commands/all_commands.h"
#include "http/client.h"
#include "http/server.h"
#include "options/config_file.h"
#include "options/options.h"
#include "options/settings.h"
#include "rolecall/version.h"

namespace rolecall::cli {
namespace {

template <class... Number>
std::string dotted(Number... numbers) {
  return join(std::array{numbers...}, ".");
}

// The version of a library. The library may have to be loaded first, and may not be installed.
std::string library_version(std::string (*library)(), const char* when) {
  try {
    return library() + (libraries_are_inside ? "" : cat(" (loaded ", when, ")"));
  } catch (const Error& error) {
    return cat("none (loaded ", when, "): ", error.what());
  }
}

constexpr const char* build_kind() {
#ifdef ROLECALL_BUNDLE
  return can_load_libraries ? "portable" : "static";
#else
  return "shared";
#endif
}

std::string contents() {
  std::string text;
  const auto say = [&text](const std::string& name, const std::string& what) {
    text += name + ": " + what + "\n";
  };
  say("rolecall", ROLECALL_VERSION);
  say("build", build_kind());
  say("OpenSSL", OpenSSL_version(OPENSSL_VERSION));
  say("libcurl", library_version(http::client_library, "for the first request"));
  say("libmicrohttpd", library_version(http::server_library, "when a server starts"));
  if (can_load_libraries) {
    say("p11-kit", "loaded for the first pkcs11: URI");
    say("tpm2-openssl", "loaded for the first key in a TPM");
  } else {
    say("modules",
        "none can be loaded: no PKCS#11, no TPM, no OpenSSL provider but default and legacy");
  }
  say("nlohmann_json", dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                              NLOHMANN_JSON_VERSION_PATCH));
  say("toml++", toml_version());
#ifdef __GLIBC__
  say("C library", cat("glibc ", gnu_get_libc_version()));
#else
  say("C library", "musl");
#endif
#ifdef __clang__
  say("compiler", "clang++ " __clang_version__);
#else
  say("compiler", "g++ " __VERSION__);
#endif
  // The source packages, separated by commas.
  const std::string sources = ROLECALL_CONTENTS;
  for (std::size_t start = 0; start < sources.size();) {
    const std::size_t end = std::min(sources.find(',', start), sources.size());
    say("source", sources.substr(start, end - start));
    start = end + 1;
  }
  return text;
}

void run_version(const Settings& settings, const CommandLine& /*line*/) {
  write_all(STDOUT_FILENO, settings.is_on("verbose") ? contents() : ROLECALL_VERSION "\n",
            "standard output");
}

constexpr std::array<Option, 1> version_options = {{
    {.name = "verbose",
     .kind = Kind::toggle,
     .group = output_group,
     .help = "Also print the version of each library, and when it is loaded."},
}};

}  // namespace

constinit const Command version_command = {
    .name = "version",
    .summary = "Print the version of rolecall and of its libraries",
    .footer =
        "Examples:\n"
        "  rolecall version\n"
        "  rolecall version --verbose",
    .options = {version_options},
    .run = run_version,
    .settings_scope = SettingsScope::none,  // so that a broken configuration file does not stop it
};

}  // namespace rolecall::cli
