#include "options/hardware_limit.h"

#include <unistd.h>

#include "identity/hardware/hardware.h"
#include "terminal/ui.h"

namespace rolecall::cli {

void exit_if_hardware_hangs(std::chrono::milliseconds limit, int code) {
  limit_hardware_waits(limit, LimitOf::all_calls, [code](const SilentHardware& silent) {
    print_error(Error(ErrorKind::try_later, silent.text(), identity::hint_for_silent_hardware));
    _exit(code);
  });
}

}  // namespace rolecall::cli
