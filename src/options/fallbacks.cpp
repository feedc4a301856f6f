#include "options/fallbacks.h"

#include <utility>

#include "aws/session_request.h"
#include "options/binding_lists.h"
#include "serve/renewals.h"

namespace rolecall::cli {

std::vector<Fallback> fallbacks(const Settings& settings) {
  std::vector<Fallback> all;
  if (settings.chosen_bindings().size() != 1) return all;
  for (std::string& name : fallbacks_of(settings.file(), settings.chosen_bindings().front())) {
    try {
      const Settings own = settings.of_binding(name);
      own.reporter().trace([&] {
        return "flags of fallback " + name +
               " that do not have their default values:" + own.trace();
      });
      SessionFlags flags = session_flags(own);
      aws::prepare_session(flags.session);
      all.push_back({std::move(name), std::move(flags)});
    } catch (const Error& error) {
      throw serve::with_binding_name(name, error);
    }
  }
  return all;
}

}  // namespace rolecall::cli
