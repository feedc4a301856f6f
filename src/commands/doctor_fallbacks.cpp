// rolecall doctor: whether the fallbacks of a binding would answer.
#include "base/text.h"
#include "base/waiting.h"
#include "commands/doctor.h"
#include "options/binding_lists.h"
#include "options/fallbacks.h"

namespace rolecall::cli {

bool has_fallbacks(const Examination& examination) {
  return examination.settings && !examination.binding.empty() &&
         !fallbacks_of(examination.settings->file(), examination.binding).empty();
}

doctor::Check check_fallbacks(const Examination& examination) {
  doctor::Findings findings;
  const bool is_outage = examination.reach && examination.reach->error;
  bool answers = false;
  for (const Fallback& fallback : fallbacks(*examination.settings)) {
    const Waiting waiting("a session of binding " + fallback.name);
    const std::string name = "binding " + fallback.name;
    try {
      create_session(fallback.flags.identity, fallback.flags.session);
      const bool answers_now = is_outage && !answers;
      findings.fact(name + " grants a session" +
                    (answers_now ? ", and is used while the endpoint of this binding cannot be "
                                   "reached"
                                 : ""));
      answers = true;
    } catch (const Error& error) {
      findings.fail(name + ": " + error.what(), error.hint());
    }
  }
  return findings.check("fallbacks");
}

}  // namespace rolecall::cli
