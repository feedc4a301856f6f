// Converts bytes to text and back, makes SHA-256 digests and random hex, and makes text safe to
// print.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "rolecall/secret.h"

namespace rolecall {

// The decoders return nothing if the text is malformed.
std::string hex_encode(std::string_view bytes);                    // lower case
std::optional<std::string> hex_decode(std::string_view text);      // either case
std::string base64_encode(std::string_view bytes);                 // padded, one line
std::optional<std::string> base64_decode(std::string_view text);   // padded, no white space
std::optional<std::string> percent_decode(std::string_view text);  // "%2F" → "/"; "+" stays

// The digest as 32 raw bytes. Throws Error (failed) if OpenSSL has no SHA-256.
std::string sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

// `bytes` random bytes as hex. Throws Error (failed) if OpenSSL has no random numbers.
Secret random_hex(std::size_t bytes);

// The text without the white space (space, tab, CR, LF) at both ends.
std::string_view trim(std::string_view text);
std::string_view without_line_end(std::string_view text);  // removes one "\n" or "\r\n"
// Makes text from outside safe for a terminal and for readers of UTF-8. Control characters (also
// C1), invisible characters and those that change the direction of text become spaces. Bytes that
// are not UTF-8 become "?".
std::string terminal_safe(std::string_view text);
// The same for a text of several lines: line feeds and tabs stay.
std::string terminal_safe_lines(std::string_view text);
std::string lower_case(std::string_view text);  // only A to Z; ignores the locale
std::string upper_case(std::string_view text);  // only a to z; ignores the locale

}  // namespace rolecall
