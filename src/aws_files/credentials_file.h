// The shared credentials file of AWS (~/.aws/credentials). An edit sets three keys of one profile
// and changes no other byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws_files/ini_edit.h"
#include "base/locked_file.h"
#include "rolecall/credentials.h"

namespace rolecall::aws {

// Throws Error (usage) for a name under which programs would not find the profile. This is an empty
// name, a name with control characters or brackets, a name with a space at either end, and DEFAULT,
// which configparser reads as values of all sections. It is also a name that begins with the word
// "profile", because only the config file has that word before names.
void check_profile_name(std::string_view profile);

// Sets aws_access_key_id, aws_secret_access_key and aws_session_token of `profile` in the text of a
// credentials file, with edit_section. Throws Error: usage for a profile name that is not valid
// (see check_profile_name), and for what edit_section throws; failed for credentials with a
// character that would end their line.
EditedFile set_profile_credentials(std::string_view file, std::string_view profile,
                                   const Credentials& credentials);

inline constexpr FileRole credentials_file_role = {"credentials file",
                                                   "AWS_SHARED_CREDENTIALS_FILE"};

// Whether `profile` has an access key id and a secret access key but no session token. Such a key
// does not expire, and if it is overwritten, nobody can get it again.
bool has_long_term_key(std::string_view file, std::string_view profile);

// A credentials file that no other rolecall process can change while this object exists.
class LockedCredentialsFile {
 public:
  // Opens and locks the file as LockedFile does. Throws what LockedFile throws.
  LockedCredentialsFile(const std::string& path, const Reporter& reporter);

  // Reads the file, edits it with set_profile_credentials and replaces it. If the profile has a
  // long-term key, copies the old file first. Returns the warnings. Throws Error; the old file is
  // then unchanged.
  std::vector<std::string> set(std::string_view profile, const Credentials& credentials) const;

  std::string target() const { return file_.target(); }

 private:
  LockedFile file_;
};

}  // namespace rolecall::aws
