// What takes precedence over the credential_process of a profile.
#pragma once

#include <string>
#include <vector>

namespace rolecall::cli {

// Sentences about the variables in our environment that make commands use other credentials than
// the profile's; without a profile, than those of any profile. Each ends with what to do.
std::vector<std::string> variables_with_precedence(const std::string& profile);

}  // namespace rolecall::cli
