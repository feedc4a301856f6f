// The placeholders in the name of a session.
#pragma once

#include <string>

namespace rolecall::cli {

// Replaces %h by the name of this host, %u by the name of the user that rolecall runs as, and %% by
// a percent sign. Throws Error (usage) for anything else after a percent sign, and if the host or
// the user has no name. The names are asked for only if a placeholder needs them.
std::string expand_session_name(const std::string& text);

}  // namespace rolecall::cli
