#include "aws/fallback.h"

#include <algorithm>
#include <optional>

#include "aws/service_error.h"
#include "base/text.h"

namespace rolecall::aws {

using std::chrono::milliseconds;

Credentials ask_in_order(const AskingOrder& order, const Clock& clock) {
  const auto count = static_cast<int>(order.names.size());
  const milliseconds part = order.timeout / count;
  const auto end = clock.steady() + order.timeout;
  std::string reasons;
  std::optional<Error> previous;
  for (std::size_t which = 0;; ++which) {
    if (previous) order.on_outage(which, *previous);
    // The clock also runs while a person types. So no binding gets less than its part.
    const auto left = std::chrono::floor<milliseconds>(end - clock.steady());
    const milliseconds time = std::max(part, left / (count - static_cast<int>(which)));
    try {
      return order.ask(which, time);
    } catch (const Error& error) {
      if (which == 0 && (count == 1 || !is_outage(error))) throw;
      reasons += which == 0 ? std::string(error.what())
                            : cat("; binding ", order.names[which], ": ", error.what());
      if (!is_outage(error) || which + 1 == order.names.size())
        throw Error(ErrorKind::try_later, reasons, error.hint(), error.retry_after());
      previous = error;
    }
  }
}

}  // namespace rolecall::aws
