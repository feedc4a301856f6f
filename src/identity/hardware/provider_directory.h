// Where Linux distributions install the modules of OpenSSL's providers.
#pragma once

#include <string>

namespace rolecall::identity {

// For the portable program, whose OpenSSL is not that of the distribution: the directory that
// contains the provider `name` ("tpm2"). Empty if no known directory contains the provider, and in
// a program that uses the distribution's OpenSSL, which knows the directory.
std::string provider_directory(const std::string& name);

}  // namespace rolecall::identity
