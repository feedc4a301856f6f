#include "identity/hardware/spent_passwords.h"

#include <map>

#include "base/codec.h"
#include "identity/hardware/hardware.h"
#include "identity/hardware/hardware_wait.h"
#include "rolecall/error.h"
#include "rolecall/secret.h"

namespace rolecall::identity {
namespace {

std::mutex guard;
std::map<std::string, std::string> spent;  // digest → how
std::map<std::string, std::mutex> senders;

std::string digest_of(const std::string& what, std::string_view password) {
  Secret text(sha256(what));
  text.append(password);
  return sha256(text.view());
}

}  // namespace

const char* tries_text(TriesLeft left) {
  if (left == TriesLeft::one) return " (ONE try is left before it locks)";
  return left == TriesLeft::few ? " (a few more wrong ones and it locks)" : "";
}

std::unique_lock<std::mutex> lock_sending(const std::string& what, const std::string& hardware) {
  std::unique_lock lock(guard);
  std::mutex& sender = senders[what];
  lock.unlock();
  const HardwareWait wait(hardware);
  return std::unique_lock(sender);
}

std::optional<std::string> earlier_refusal(const std::string& what, std::string_view password) {
  const std::lock_guard lock(guard);
  if (spent.empty()) return std::nullopt;
  const auto found = spent.find(digest_of(what, password));
  return found == spent.end() ? std::nullopt : std::optional(found->second);
}

void spend(const std::string& what, std::string_view password, const std::string& how) {
  const std::lock_guard lock(guard);
  spent[digest_of(what, password)] = how;
}

void give_back(const std::string& what, std::string_view password) {
  const std::lock_guard lock(guard);
  if (!spent.empty()) spent.erase(digest_of(what, password));
}

void refuse_last_try(const std::string& what, const std::string& pin) {
  throw Error(ErrorKind::failed,
              what + " has ONE try left before it locks, which is not spent on " + pin,
              "log in by hand with the right PIN once: pkcs11-tool --login --list-objects");
}

void refuse_second_token(const std::string& first, const std::string& pin) {
  throw Error(ErrorKind::usage,
              "there is no key for it on token " + first + ", which took " + pin +
                  ": that is sent to no other token",
              "name the token that has the key in `private-key`: pkcs11:token=…");
}

}  // namespace rolecall::identity
