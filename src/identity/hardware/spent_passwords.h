// Remembers passwords and PINs that hardware did not accept. Hardware counts wrong ones, and locks
// itself after a few. So a program that runs for long, and loads its key repeatedly, must not send
// the same wrong one twice. Nothing is sent to a token or TPM without this check.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace rolecall::identity {

// `what` names the token or key. Only a digest of each password is kept, until the process ends.
// All functions are thread-safe.

// Returns a lock, to be held from earlier_refusal to spend or give_back. The lock keeps two
// threads from sending the same password at once. While a thread waits for the lock, it has a
// HardwareWait for `hardware`.
std::unique_lock<std::mutex> lock_sending(const std::string& what, const std::string& hardware);

// Returns what spend() was called with, or nullopt if the password may be sent.
std::optional<std::string> earlier_refusal(const std::string& what, std::string_view password);

// Records that the password must not be sent again. `how` is the failure, for a message; "" if the
// password was wrong.
void spend(const std::string& what, std::string_view password, const std::string& how);

// Records that the password was right, or that the hardware has not checked it.
void give_back(const std::string& what, std::string_view password);

}  // namespace rolecall::identity
