#include "options/hardware_limit.h"

#include <unistd.h>

#include "identity/hardware/hardware.h"
#include "options/environment.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

constexpr std::chrono::seconds limit_without_timeout{30};

}  // namespace

void exit_if_hardware_hangs(std::chrono::milliseconds limit, int code) {
  // By default, the TPM's library writes to standard error what our messages already say.
  set_for_this_process_only("TSS2_LOG", "all+none");
  limit_hardware_waits(limit, LimitOf::all_calls, [code](const SilentHardware& silent) {
    print_error(Error(ErrorKind::try_later, silent.text(), identity::hint_for_silent_hardware));
    _exit(code);
  });
}

void exit_if_hardware_hangs(const Settings& settings) {
  const Command& command = settings.command();
  const bool has_timeout = find_option(command, "timeout") != nullptr;
  exit_if_hardware_hangs(has_timeout ? settings.seconds("timeout") : limit_without_timeout,
                         command.failure_exit_code != 0 ? command.failure_exit_code
                                                        : static_cast<int>(ErrorKind::try_later));
}

}  // namespace rolecall::cli
