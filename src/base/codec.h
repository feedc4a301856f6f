// Bytes to text and back: hex, base64, SHA-256, percent-encoding.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace rolecall {

std::string hex_encode(std::string_view bytes);                    // lower case
std::optional<std::string> hex_decode(std::string_view text);      // either case
std::string base64_encode(std::string_view bytes);                 // padded, one line
std::optional<std::string> base64_decode(std::string_view text);   // padded, no white space
std::optional<std::string> percent_decode(std::string_view text);  // "%2F" → "/"; "+" stays

// The digest as 32 raw bytes. Throws Error (failed) where OpenSSL has no SHA-256 to give.
std::string sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

// Without the white space at both ends (space, tab, CR, LF).
std::string_view trim(std::string_view text);
std::string_view without_line_end(std::string_view text);  // one "\n" or "\r\n"
// Text from outside as a terminal and UTF-8 readers may have it: control characters (C1 too) and
// those that turn the direction of text become spaces, bytes that are not UTF-8 "?".
std::string terminal_safe(std::string_view text);
// The same for a text of several lines, which stay; tabs, too.
std::string terminal_safe_lines(std::string_view text);
std::string lower_case(std::string_view text);  // ASCII alone: no locale

}  // namespace rolecall
