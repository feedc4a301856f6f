// Loads libcrypto when the first function of it is called. The functions themselves are made by
// cmake/lazy-crypto, which also says what calls this; a program linked with libcrypto as usual has
// none of it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/library.h"
#include "cli/ui.h"
#include "rolecall/error.h"

extern "C" {
extern const char lazy_crypto_names[];  // each ends with a NUL, the last is empty
extern void* lazy_crypto_slots[];       // an address for each name, on pages of their own
void lazy_crypto_load() noexcept;
}

namespace rolecall::cli {
namespace {

bool fill_slots() {
  const SharedLibrary library("libcrypto.so.3", "libssl3");
  void** slot = lazy_crypto_slots;
  for (const char* name = lazy_crypto_names; *name != '\0'; name += std::strlen(name) + 1)
    library.find(*slot++, name);
  // As the linker's own table is (RELRO): nobody can divert a call by writing to it.
  constexpr std::size_t page = 4096;
  const auto bytes = static_cast<std::size_t>(slot - lazy_crypto_slots) * sizeof *slot;
  return mprotect(lazy_crypto_slots, (bytes + page - 1) / page * page, PROT_READ) == 0;
}

}  // namespace
}  // namespace rolecall::cli

// Threads that come at the same time wait for the first. There is no way back to a caller, who
// called a function that cannot fail like this.
void lazy_crypto_load() noexcept {
  try {
    [[maybe_unused]] static const bool done = rolecall::cli::fill_slots();
  } catch (const rolecall::Error& error) {
    rolecall::cli::print_error(error);
    _exit(static_cast<int>(error.kind()));
  }
}
