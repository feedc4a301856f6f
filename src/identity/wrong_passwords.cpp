#include "identity/wrong_passwords.h"

#include <mutex>
#include <set>

#include "base/codec.h"
#include "rolecall/secret.h"

namespace rolecall::identity {
namespace {

std::mutex guard;
std::set<std::string> wrong;

std::string digest_of(const std::string& what, std::string_view password) {
  Secret text(sha256(what));
  text.append(password);
  return sha256(text.view());
}

}  // namespace

bool is_known_as_wrong(const std::string& what, std::string_view password) {
  const std::lock_guard lock(guard);
  return !wrong.empty() && wrong.count(digest_of(what, password)) > 0;
}

void remember_as_wrong(const std::string& what, std::string_view password) {
  const std::lock_guard lock(guard);
  wrong.insert(digest_of(what, password));
}

}  // namespace rolecall::identity
