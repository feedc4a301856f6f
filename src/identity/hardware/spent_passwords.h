// Passwords and PINs that hardware did not accept. It counts wrong ones, and locks itself after a
// few: a program that runs for long, and loads its key again and again, must not send the same
// twice. Nothing is sent to a token or TPM but behind this gate.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace rolecall::identity {

// `what` names the token or key. Of a password only a digest is kept, for as long as the process
// lives. For any thread.

// To be held from how_it_was_spent to spend or give_back: no two threads send the same at once. Who
// waits for it waits for `hardware`, as a HardwareWait calls it.
std::unique_lock<std::mutex> one_at_a_time(const std::string& what, const std::string& hardware);

// What spend() was told; nothing where it may be sent.
std::optional<std::string> how_it_was_spent(const std::string& what, std::string_view password);

// `how` is the failure for a message; empty: it was wrong.
void spend(const std::string& what, std::string_view password, const std::string& how);

// It was right, or nobody has looked at it.
void give_back(const std::string& what, std::string_view password);

}  // namespace rolecall::identity
