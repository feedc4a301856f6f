#include "commands/on_renew.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "aws/arn.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "base/time.h"
#include "commands/child_environment.h"
#include "commands/exec.h"
#include "options/password.h"
#include "options/variable_names.h"

namespace rolecall::cli {
namespace {

constexpr std::chrono::seconds limit{60};

// The environment without the expiry, which differs each time. It is made once, in the main thread,
// because another thread must not read the environment while a password is removed from it.
Secret environment_for(const std::string& binding, const std::string& region) {
  std::vector<Variable> variables;
  variables.push_back({renewed_binding_variable, Secret(binding)});
  const Secret all = child_environment(std::move(variables), region);
  Secret kept;
  const std::string inherited = cat(renewed_expiration_variable, "=");
  for (std::string_view rest = all.view(); !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find('\0') + 1);
    if (!entry.starts_with(inherited)) kept.append(entry);
    rest.remove_prefix(entry.size());
  }
  return kept;
}

}  // namespace

std::function<void(std::chrono::sys_seconds)> command_on_renew(const Settings& settings,
                                                               const std::string& binding) {
  const std::string text = settings.text("on-renew");
  if (text.empty()) return {};
  const std::string region = aws::parse_trust_anchor_arn(settings.text("trust-anchor-arn")).region;
  const auto base = std::make_shared<const Secret>(environment_for(binding, region));
  return [words = split_command(parse_password_spec(text).value), base,
          reporter = settings.reporter()](std::chrono::sys_seconds expiration) {
    reporter.trace([&words] { return "running " + words.front() + " after the renewal"; });
    Secret environment = base->copy();
    environment.append(cat(renewed_expiration_variable, "=", rfc3339(expiration)));
    environment.append(std::string_view("\0", 1));
    const Program program(words, std::move(environment));
    run_command(program.words(), program.environment(), limit);
  };
}

}  // namespace rolecall::cli
