#include "identity/hardware/provider_directory.h"

#include <unistd.h>

namespace rolecall::identity {

std::string provider_directory([[maybe_unused]] const std::string& name) {
#ifdef ROLECALL_BUNDLE
#if defined(__x86_64__)
  constexpr const char* debian = "/usr/lib/x86_64-linux-gnu";
#else
  constexpr const char* debian = "/usr/lib/aarch64-linux-gnu";
#endif
  for (const char* libraries : {debian, "/usr/lib64", "/usr/lib"}) {
    std::string directory = std::string(libraries) + "/ossl-modules";
    if (access((directory + "/" + name + ".so").c_str(), R_OK) == 0) return directory;
  }
#endif
  return {};
}

}  // namespace rolecall::identity
