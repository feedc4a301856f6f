// The shared credentials file of AWS (~/.aws/credentials): three keys of one profile are set, and
// every other byte stays as it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws_files/ini_edit.h"
#include "base/locked_file.h"
#include "rolecall/credentials.h"

namespace rolecall::aws {

// Throws Error (usage) for a name that no reader of the file would find again: empty, with control
// characters or brackets, with a blank at an end, or DEFAULT, which configparser takes for the
// values of all sections; or with the "profile " that only the config file has before names.
void check_profile_name(std::string_view profile);

// Sets aws_access_key_id, aws_secret_access_key and aws_session_token of `profile` in the text of a
// credentials file, as edit_section does it. Throws Error: usage for the profile's name as above
// and what edit_section throws; failed for credentials with a character that would end their line.
EditedFile set_profile_credentials(std::string_view file, std::string_view profile,
                                   const Credentials& credentials);

inline constexpr FileRole credentials_file_role = {"credentials file",
                                                   "AWS_SHARED_CREDENTIALS_FILE"};

// Whether `profile` has an access key id and a secret without a session token: a key that does not
// expire, and that nobody can get again.
bool has_long_term_key(std::string_view file, std::string_view profile);

// A credentials file while no other rolecall process may change it.
class LockedCredentialsFile {
 public:
  // As LockedFile.
  LockedCredentialsFile(const std::string& path, const Reporter& reporter);

  // Reads the file, edits it as above and puts the new one in its place; a file in which the
  // profile has a long-term key is copied first. Returns the warnings. Throws Error, and then the
  // old file stands untouched.
  std::vector<std::string> set(std::string_view profile, const Credentials& credentials) const;

  std::string target() const { return file_.target(); }

 private:
  LockedFile file_;
};

}  // namespace rolecall::aws
