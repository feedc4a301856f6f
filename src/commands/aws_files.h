// Where AWS's own files are.
#pragma once

#include <string>

namespace rolecall::cli {

// A file that is to be written is only looked for in a home directory that was named: $HOME. Where
// it is only read, the home directory of the user database does too, as for the AWS CLI.
enum class FileUse { reading, writing };

// $AWS_CONFIG_FILE, else ~/.aws/config; $AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials. A
// leading "~/" is the home directory in the variables too, as for the AWS CLI and SDKs. The paths
// are absolute. Throw Error (usage) if there is no home directory.
std::string aws_config_path(FileUse use = FileUse::reading);
std::string aws_credentials_path(FileUse use = FileUse::reading);

// Whether it is /dev/null, by which people say that there is no such file.
bool is_null_device(const std::string& path);

}  // namespace rolecall::cli
