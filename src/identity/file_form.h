// What a file that is not PEM holds instead, and how its user makes PEM of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/pem.h"
#include "rolecall/error.h"
#include "rolecall/source.h"

namespace rolecall::identity {

// Throws Error (usage): `name`, whose content is `text`, is not a PEM file. Names the form that it
// has (DER, base64 without its lines, JSON, a Java keystore, …) and the command that converts it.
[[noreturn]] void refuse_other_form(std::string_view text, const std::string& name);

// Runs `read`, which reads what the file `source` holds. Hints say FILE, as those who write them do
// not know its path; here they get it, so that their commands can be pasted into a shell.
std::string with_file(const std::string& hint, const Source& source);
template <class Read>
auto naming_file(const Source& source, Read read) {
  try {
    return read();
  } catch (const Error& error) {
    const std::string hint = with_file(error.hint(), source);
    if (hint == error.hint()) throw;
    throw Error(error.kind(), error.what(), hint);
  }
}

// What the blocks of a file are, for messages: "a private key and 2 certificates".
std::string contents_of(const std::vector<PemBlock>& blocks);

// Throws Error (usage): `name` has these blocks, and none of them is a certificate, or a private
// key. `swapped`: the other file was given too, so that the two may stand for each other.
[[noreturn]] void refuse_without_certificate(const std::vector<PemBlock>& blocks,
                                             const std::string& name, bool swapped);
[[noreturn]] void refuse_without_key(const std::vector<PemBlock>& blocks, const std::string& name);

// By their labels.
bool is_certificate(const PemBlock& block);
bool is_private_key(const PemBlock& block);
bool is_pkcs7(const PemBlock& block);

}  // namespace rolecall::identity
