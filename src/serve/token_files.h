// Where the container credentials endpoint leaves what its clients need: NAME.token and NAME.uri.
#pragma once

#include <string>

#include "rolecall/secret.h"

namespace rolecall::serve {

// Makes the directory (0700) where it is missing. Throws Error (usage) where it cannot be used, or
// where others than its owner may write to it: they could put tokens of their own there.
void prepare_token_directory(const std::string& directory);

// The token in DIRECTORY/NAME.token, so that clients keep theirs when the server is restarted; a
// new one of 256 random bits (mode 0600) where there is none, or one that others could have read.
Secret keep_token(const std::string& directory, const std::string& name);

void write_uri(const std::string& directory, const std::string& name, const std::string& uri);

struct ContainerFiles {
  std::string uri;
  Secret token;
  std::string token_path;
};
// What the two above have left. Throws Error (usage) where it is not there.
ContainerFiles read_container_files(const std::string& directory, const std::string& name);

}  // namespace rolecall::serve
