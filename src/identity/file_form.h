// Recognises files that are not PEM, and says how to convert them to PEM.
#pragma once

#include <string>
#include <string_view>

#include "rolecall/error.h"
#include "rolecall/source.h"

namespace rolecall::identity {

// Whether the first bytes are those of a PKCS#12 file, in DER or BER.
bool is_pkcs12(std::string_view bytes);

// `text` is the content of the file `name`, which is not a PEM file. Throws Error (usage) that
// names the form of the file (DER, base64 without BEGIN and END lines, JSON, a Java keystore, …)
// and the command that converts it.
[[noreturn]] void refuse_other_form(std::string_view text, const std::string& name);

// Runs `read`, which reads the content of `source`. The hints that `read` throws contain the word
// FILE, because the code that writes them does not know the path. with_path_in_hints puts the path
// in its place, so that the user can paste the command into a shell.
std::string hint_with_path(const std::string& hint, const Source& source);
template <class Read>
auto with_path_in_hints(const Source& source, Read read) {
  try {
    return read();
  } catch (const Error& error) {
    const std::string hint = hint_with_path(error.hint(), source);
    if (hint == error.hint()) throw;
    throw Error(error.kind(), error.what(), hint);
  }
}

}  // namespace rolecall::identity
