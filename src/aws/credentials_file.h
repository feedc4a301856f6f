// The shared credentials file of AWS (~/.aws/credentials): three keys of one profile are set, and
// every other byte stays as it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/ini_edit.h"
#include "base/locked_file.h"
#include "rolecall/credentials.h"

namespace rolecall::aws {

// Throws Error (usage) for a name that no reader of the file would find again: empty, with control
// characters or brackets, with a blank at an end, or DEFAULT, which configparser takes for the
// values of all sections.
void check_profile_name(std::string_view profile);

// Sets aws_access_key_id, aws_secret_access_key and aws_session_token of `profile` in the text of a
// credentials file, as edit_section does it. Throws Error: usage for the profile's name as above
// and what edit_section throws; failed for credentials with a character that would end their line.
EditedFile set_profile_credentials(std::string_view file, std::string_view profile,
                                   const Credentials& credentials);

inline constexpr FileRole credentials_file_role = {"credentials file",
                                                   "AWS_SHARED_CREDENTIALS_FILE"};

// A credentials file while no other rolecall process may change it.
class LockedCredentialsFile {
 public:
  // As LockedFile.
  explicit LockedCredentialsFile(const std::string& path);

  // Reads the file, edits it as above and puts the new one in its place. Returns the warnings.
  // Throws Error, and then the old file stands untouched.
  std::vector<std::string> set(std::string_view profile, const Credentials& credentials) const;

 private:
  LockedFile file_;
};

}  // namespace rolecall::aws
