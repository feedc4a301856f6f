// What the blocks of a PEM file are.
#pragma once

#include <string>
#include <vector>

#include "identity/certificate.h"
#include "identity/pem.h"

namespace rolecall::identity {

// By their labels.
bool is_certificate(const PemBlock& block);
bool is_private_key(const PemBlock& block);
bool is_pkcs7(const PemBlock& block);

// The certificates among the blocks of a PEM file, in their order.
std::vector<Certificate> certificates_in(const std::vector<PemBlock>& blocks,
                                         const std::string& name);

// What the blocks of a file are, for messages: "a private key and 2 certificates".
std::string contents_of(const std::vector<PemBlock>& blocks);

// Throws Error (usage): `name` has these blocks, and none of them is a certificate, or a private
// key. `swapped`: the other file was given too, so that the two may stand for each other.
[[noreturn]] void refuse_without_certificate(const std::vector<PemBlock>& blocks,
                                             const std::string& name, bool swapped);
[[noreturn]] void refuse_without_key(const std::vector<PemBlock>& blocks, const std::string& name);

}  // namespace rolecall::identity
