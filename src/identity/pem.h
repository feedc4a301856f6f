// The blocks of a PEM file (RFC 7468), whatever they hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rolecall/secret.h"

namespace rolecall::identity {

struct PemBlock {
  std::string label;   // "CERTIFICATE", "RSA PRIVATE KEY", …
  std::string header;  // of the traditional encrypted form (Proc-Type, DEK-Info); else empty
  Secret der;
};

// All blocks in their order; text around them is skipped. `name` is the file's for messages.
// Throws Error (usage) where there is none, telling apart what the file is instead, or where one is
// damaged.
std::vector<PemBlock> read_pem(std::string_view text, const std::string& name);

}  // namespace rolecall::identity
