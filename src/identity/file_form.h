// What a file that is not PEM holds instead, and how its user makes PEM of it.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/error.h"
#include "rolecall/source.h"

namespace rolecall::identity {

// Whether it is a PKCS#12 file, by its first bytes, in DER or BER.
bool is_pkcs12(std::string_view bytes);

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

}  // namespace rolecall::identity
