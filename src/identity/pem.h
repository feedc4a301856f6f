// The blocks of a PEM file (RFC 7468), whatever their content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::identity {

struct PemBlock {
  std::string label;   // "CERTIFICATE", "RSA PRIVATE KEY", …
  std::string header;  // Proc-Type and DEK-Info if encrypted in the traditional form; else empty
  Secret der;
};

// Returns all blocks in the order of the file. Text around the blocks is ignored. `name` is the
// name of the file, for messages. Throws Error (usage) if there is no block (the error names the
// actual form of the file), or if a block is damaged.
std::vector<PemBlock> read_pem(std::string_view text, const std::string& name);

}  // namespace rolecall::identity
