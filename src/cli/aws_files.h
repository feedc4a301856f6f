// Where AWS's own files are.
#pragma once

#include <string>

namespace rolecall::cli {

// $AWS_CONFIG_FILE, else ~/.aws/config; $AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials. A
// leading "~/" is the home directory in the variables too, as for the AWS CLI and SDKs: $HOME, else
// that of the user database. The paths are absolute. Throw Error (usage) where there is none.
std::string aws_config_path();
std::string aws_credentials_path();

}  // namespace rolecall::cli
