// Passwords and PINs that hardware has refused. It counts wrong ones, and locks itself after a few:
// a program that runs for long, and loads its key again and again, must not send the same twice.
#pragma once

#include <string>
#include <string_view>

namespace rolecall::identity {

// `what` names the token or key that refused it. Of a password only a digest is kept, for as long
// as the process lives. For any thread.
bool is_known_as_wrong(const std::string& what, std::string_view password);
void remember_as_wrong(const std::string& what, std::string_view password);

}  // namespace rolecall::identity
