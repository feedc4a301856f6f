// The shared credentials file of AWS (~/.aws/credentials): three keys of one profile are set, and
// every other byte stays as it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rolecall/credentials.h"
#include "rolecall/secret.h"

namespace rolecall::aws {

// Throws Error (usage) for a name that no reader of the file would find again: empty, with control
// characters or brackets, with a blank at an end, or DEFAULT, which configparser takes for the
// values of all sections.
void check_profile_name(std::string_view profile);

struct EditedFile {
  Secret bytes;
  std::vector<std::string> warnings;  // what a person should mend in the file; no values
};

// Sets aws_access_key_id, aws_secret_access_key and aws_session_token of `profile` in the text of a
// credentials file. Lines are read as the AWS CLI reads them: Python's configparser decides what is
// a header, a key, or the continuation of a value. Of several sections with that name the first is
// edited; a key that is there twice is set twice; lines that continue an old value go with it.
// Missing keys are added behind those that are there, else behind the header; a missing section at
// the end. Throws Error: usage for the profile's name as above, and for an indented line that looks
// like a setting but would be lost as part of an old value; failed for credentials with a character
// that would end their line.
EditedFile set_profile_credentials(std::string_view file, std::string_view profile,
                                   const Credentials& credentials);

// A credentials file while no other rolecall process may change it.
class LockedCredentialsFile {
 public:
  // Follows symbolic links, makes missing directories (0700), and waits up to ten seconds for the
  // lock, a file ".NAME.rolecall-lock" beside the target. A holder that dies frees it. Also removes
  // what writers that were killed left behind. Throws Error: usage where the directory cannot be
  // written to, try_later where the lock stays taken.
  explicit LockedCredentialsFile(const std::string& path);
  ~LockedCredentialsFile();
  LockedCredentialsFile(const LockedCredentialsFile&) = delete;
  LockedCredentialsFile& operator=(const LockedCredentialsFile&) = delete;

  // Reads the file, edits it as above and puts the new one in its place in one step (write beside
  // it, fsync, rename, fsync of the directory): readers see the old or the new one. Mode and owner
  // stay; a new file gets 0600. Returns the warnings. Throws Error, and then the old file stands
  // untouched: usage for what is not a regular file or may not be written, try_later for a full
  // disk.
  std::vector<std::string> set(std::string_view profile, const Credentials& credentials) const;

 private:
  std::string directory_;
  std::string name_;
  std::string target_;  // directory_ + name_
  int lock_ = -1;
};

}  // namespace rolecall::aws
