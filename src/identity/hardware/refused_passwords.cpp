#include "identity/hardware/refused_passwords.h"

#include <map>
#include <set>

#include "base/codec.h"
#include "identity/hardware/hardware.h"
#include "identity/hardware/hardware_wait.h"
#include "rolecall/error.h"
#include "rolecall/secret.h"

namespace rolecall::identity {
namespace {

std::mutex tables_mutex;
std::map<std::string, std::string> refused;  // digest → reason
std::map<std::string, std::mutex> sending;
std::set<std::string> refusing;  // owners
bool one_refusal_is_enough = false;

std::string digest_of(const std::string& owner, std::string_view password) {
  Secret text(sha256(owner));
  text.append(password);
  return sha256(text.view());
}

}  // namespace

const char* tries_text(TriesLeft left) {
  if (left == TriesLeft::one) return " (ONE try is left before the token locks)";
  return left == TriesLeft::few ? " (after a few more wrong PINs, the token locks)" : "";
}

std::unique_lock<std::mutex> lock_sending(const std::string& owner, const std::string& hardware) {
  std::unique_lock lock(tables_mutex);
  std::mutex& mutex = sending[owner];
  lock.unlock();
  const HardwareWait wait(hardware);
  return std::unique_lock(mutex);
}

std::optional<std::string> earlier_refusal(const std::string& owner, std::string_view password) {
  const std::lock_guard lock(tables_mutex);
  if (refused.empty()) return std::nullopt;
  const auto found = refused.find(digest_of(owner, password));
  return found == refused.end() ? std::nullopt : std::optional(found->second);
}

bool has_refused_enough(const std::string& owner) {
  const std::lock_guard lock(tables_mutex);
  return one_refusal_is_enough && refusing.contains(owner);
}

void send_only_one_wrong_pin() {
  const std::lock_guard lock(tables_mutex);
  one_refusal_is_enough = true;
}

void remember_refused(const std::string& owner, std::string_view password,
                      const std::string& reason) {
  const std::lock_guard lock(tables_mutex);
  refused[digest_of(owner, password)] = reason;
  refusing.insert(owner);
}

void forget_refused(const std::string& owner, std::string_view password) {
  const std::lock_guard lock(tables_mutex);
  if (!refused.empty()) refused.erase(digest_of(owner, password));
  refusing.erase(owner);
}

void refuse_last_try(const std::string& token, const std::string& pin) {
  throw Error(
      ErrorKind::failed,
      token + " has ONE try left before it locks itself, and " + pin + " is not used for this try",
      "log in yourself with the right PIN once: pkcs11-tool --login --list-objects");
}

void refuse_second_token(const std::string& first, const std::string& pin) {
  throw Error(ErrorKind::usage,
              "token " + first + " accepted " + pin +
                  ", but has no matching key; this PIN is not sent to another token",
              "name the token that has the key in `private-key`: pkcs11:token=…");
}

}  // namespace rolecall::identity
