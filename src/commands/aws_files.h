// Where the AWS CLI's config file and credentials file are.
#pragma once

#include <string>

namespace rolecall::cli {

// How a file will be used. A file to write must be in a home directory that the user set: $HOME. A
// file to read can also be in the home directory of the system's user database, as for the AWS CLI.
enum class FileUse { reading, writing };

// aws_config_path: $AWS_CONFIG_FILE, otherwise ~/.aws/config. aws_credentials_path:
// $AWS_SHARED_CREDENTIALS_FILE, otherwise ~/.aws/credentials. As for the AWS CLI and SDKs, a
// leading "~/" in the variables means the home directory, too. The paths are absolute. Both throw
// Error (usage) if there is no home directory.
std::string aws_config_path(FileUse use = FileUse::reading);
std::string aws_credentials_path(FileUse use = FileUse::reading);

// Whether `path` is /dev/null. Users set a variable to /dev/null to say that there is no such file.
bool is_null_device(const std::string& path);

}  // namespace rolecall::cli
