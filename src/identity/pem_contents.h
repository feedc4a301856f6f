// What the blocks of a PEM file contain.
#pragma once

#include <string>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::identity {

struct PemBlock;

// These look only at the label of the block.
bool is_private_key(const PemBlock& block);
bool is_pkcs7(const PemBlock& block);

// Returns the certificates among the blocks, in the order of the file. `name` is the name of the
// file, for messages.
std::vector<Certificate> certificates_in(const std::vector<PemBlock>& blocks,
                                         const std::string& name);

// Lists the kinds of blocks, for messages: "a private key and a certificate".
std::string contents_of(const std::vector<PemBlock>& blocks);

// Throw Error (usage) because no block of the file `name` is a certificate, or a private key.
// `swapped` means that the user also gave the other file, so the two options may have been swapped.
[[noreturn]] void refuse_without_certificate(const std::vector<PemBlock>& blocks,
                                             const std::string& name, bool swapped);
[[noreturn]] void refuse_without_key(const std::vector<PemBlock>& blocks, const std::string& name);

}  // namespace rolecall::identity
