// Remembers passwords and PINs that hardware did not accept. Hardware counts wrong ones, and locks
// itself after a few. So a program that runs for long, and loads its key repeatedly, must not send
// the same wrong one twice. Nothing is sent to a token or TPM without this check.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace rolecall::identity {

// `owner` is the name of the token or key that the password belongs to. Only a digest of each
// password is kept, until the process ends. All functions are thread-safe.

// Returns a lock. The caller keeps it from earlier_refusal to remember_refused or forget_refused,
// so that two threads do not send the same password at once. While a thread waits for the lock, it
// has a HardwareWait for `hardware`.
std::unique_lock<std::mutex> lock_sending(const std::string& owner, const std::string& hardware);

// Returns the reason that remember_refused() was called with, or nullopt if the password may be
// sent.
std::optional<std::string> earlier_refusal(const std::string& owner, std::string_view password);

// Whether no password may be sent, because send_only_one_wrong_pin() was called and another one was
// refused.
bool has_refused_enough(const std::string& owner);

// Records that the password must not be sent again. `reason` is the failure, for a message; "" if
// the password was wrong.
void remember_refused(const std::string& owner, std::string_view password,
                      const std::string& reason);

// Records that the password was right, or that the hardware has not checked it.
void forget_refused(const std::string& owner, std::string_view password);

}  // namespace rolecall::identity
