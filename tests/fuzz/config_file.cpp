// The configuration file.
#include "options/config_file.h"

#include "target.h"

namespace rolecall::fuzz {
namespace {

void run(std::string_view input) {
  static const ScratchDirectory scratch;
  const std::string path = scratch.write("config.toml", input);
  refuses([&] {
    const cli::ConfigFile file = cli::read_config_file(path);
    for (const auto& [table, settings] : file.tables) {
      for (const cli::Setting& setting : settings) {
        require(!setting.name.empty(), "a setting has a name");
        require(setting.line > 0, "a setting has a line");
      }
    }
    for (const std::string& binding : file.bindings)
      require(!binding.empty(), "a binding has a name");
  });
}

std::vector<std::string> seeds() {
  return {"certificate = \"/etc/x.pem\" # comment\nsession-duration = 900\n[update]\nonce = true\n",
          "[binding.web]\nrole-arn = 'arn:aws:iam::123456789012:role/x'\ncert-selector = ['a', "
          "\"b\"]\n",
          "[binding.\"a b\"]\nx = \"\"\"\nlong \\\n text\"\"\"\n[[array]]\n",
          "a = 1979-05-27T07:32:00Z\nb = 0x1F\nc = inf\nd = {e = [1, 2.5]}\nf.g = false\n",
          "\u00e9 = 1\n",
          "\"\\u00e9\" = 1\n"};
}

const Registration target({"config_file", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
