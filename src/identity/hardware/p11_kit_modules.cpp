#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>

#include "identity/hardware/hardware_wait.h"
#include "identity/hardware/p11_kit.h"
#include "identity/hardware/pkcs11_module_file.h"
#include "rolecall/error.h"

namespace rolecall::identity::pkcs11 {
namespace {

using LibraryPtr = std::unique_ptr<void, int (*)(void*)>;

std::string absolute_path(void* library, const std::string& path) {
  const link_map* map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return path;
  return std::filesystem::absolute(map->l_name).string();
}

constexpr const char* every_module = "a PKCS#11 module (p11-kit list-modules shows them)";

}  // namespace

Modules::Modules(const std::string& path) : path_(path) {
  if (path.empty()) {
    start_all();
  } else {
    start_one(path);
  }
}

Modules::~Modules() {
  const HardwareWait wait(one_ != nullptr ? name(one_) : every_module);
  if (all_ != nullptr) p11_kit().modules_finalize_and_release(all_);
  if (one_ == nullptr) return;
  p11_kit().module_finalize(one_);
  p11_kit().module_release(one_);
}

void Modules::start_all() {
  {
    const HardwareWait loading(every_module);
    all_ = p11_kit().modules_load(nullptr, 0);
  }
  if (all_ == nullptr) {
    throw Error(ErrorKind::failed,
                "p11-kit cannot load its modules: " + text_or_empty(p11_kit().message()));
  }
  // p11_kit_modules_initialize does the same, but a HardwareWait needs the name of each module.
  // Modules that do not start are released.
  CK_FUNCTION_LIST** started = all_;
  for (CK_FUNCTION_LIST** module = all_; *module != nullptr; ++module) {
    const HardwareWait starting(name(*module));
    if (p11_kit().module_initialize(*module) == CKR_OK) {
      *started++ = *module;
    } else {
      p11_kit().module_release(*module);
    }
  }
  *started = nullptr;
}

void Modules::start_one(const std::string& path) {
  const HardwareWait wait(name(nullptr));
  const std::string file = trusted_module_file(path);
  // p11-kit searches for a path that is not absolute only among its own modules. So dlopen, which
  // follows the loader's rules, finds the absolute path.
  const LibraryPtr library(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), dlclose);
  const char* loader_error = library ? nullptr : dlerror();
  if (library) one_ = p11_kit().module_load(absolute_path(library.get(), file).c_str(), 0);
  const bool loaded = one_ != nullptr;
  const CK_RV started = loaded ? p11_kit().module_initialize(one_) : CKR_OK;
  if (loaded && started == CKR_OK) return;
  const std::string why_not = loaded                    ? reason_text(started)
                              : loader_error != nullptr ? std::string(loader_error)
                                                        : text_or_empty(p11_kit().message());
  if (loaded) p11_kit().module_release(one_);
  throw Error(
      ErrorKind::usage,
      "PKCS#11 module " + path + (loaded ? " cannot be started: " : " cannot be loaded: ") +
          why_not,
      "`pkcs11-lib` takes the path of a module; without `pkcs11-lib`, rolecall uses the modules "
      "that p11-kit list-modules shows");
}

std::string Modules::name(CK_FUNCTION_LIST* module) const {
  if (all_ == nullptr) return "PKCS#11 module " + path_;
  char* module_name = p11_kit().module_get_name(module);
  std::string text = "PKCS#11 module " + text_or_empty(module_name);
  std::free(module_name);
  return text;
}

std::vector<CK_FUNCTION_LIST*> Modules::usable() const {
  if (one_ != nullptr) return {one_};
  std::vector<CK_FUNCTION_LIST*> modules;
  for (CK_FUNCTION_LIST** module = all_; *module != nullptr; ++module) {
    // These modules contain root certificates, and no keys. p11-kit's own proxy also skips them.
    char* roots = p11_kit().config_option(*module, "trust-policy");
    if (text_or_empty(roots) != "yes") modules.push_back(*module);
    std::free(roots);
  }
  return modules;
}

}  // namespace rolecall::identity::pkcs11
