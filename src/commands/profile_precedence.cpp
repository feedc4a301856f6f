#include "commands/profile_precedence.h"

#include "base/text.h"
#include "commands/child_environment.h"
#include "options/environment.h"

namespace rolecall::cli {

std::vector<std::string> variables_with_precedence(const std::string& profile) {
  std::vector<std::string> sentences;
  for (const auto& [name, row] : other_variables_in_effect()) {
    if (row.precedence_over_profile.empty() || (row.chooses_profile && profile.empty())) continue;
    std::string sentence = name + " in the environment ";
    if (row.chooses_profile) {
      const std::string other = environment(name.c_str());
      if (other == profile) continue;
      sentence += other.empty() ? "is empty: the AWS CLI then finds no profile, except with"
                                : "is " + other + ": commands use that profile, except those with";
      sentence += " --profile " + profile;
    } else {
      sentence += cat("takes precedence over ", profile.empty() ? "profiles " : "the profile ",
                      row.precedence_over_profile);
    }
    sentences.push_back(sentence + "; unset it");
  }
  return sentences;
}

}  // namespace rolecall::cli
