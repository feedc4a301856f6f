#include "rolecall/credentials.h"

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall {

std::string account_of(const Credentials& credentials) {
  const std::string& arn = credentials.assumed_role_arn;
  std::size_t begin = 0;
  for (int colons = 0; colons < 4; ++colons) {
    begin = arn.find(':', begin);
    if (begin == std::string::npos) return {};
    ++begin;
  }
  std::string account = arn.substr(begin, arn.find(':', begin) - begin);
  const bool is_one = account.size() == 12 && only(account, ascii_digits);
  return is_one ? account : std::string();
}

Secret credential_process_json(const Credentials& credentials) {
  SecretJson line = {{"Version", 1},
                     {"AccessKeyId", credentials.access_key_id},
                     {"SecretAccessKey", WipingString(credentials.secret_access_key.view())},
                     {"SessionToken", WipingString(credentials.session_token.view())},
                     {"Expiration", rfc3339(credentials.expiration)}};
  const std::string account = account_of(credentials);
  if (!account.empty()) line["AccountId"] = account;
  return to_text(line);
}

}  // namespace rolecall
