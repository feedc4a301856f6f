// What a certificate says, for people; and for grep: one fact a line, each line with its name.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace rolecall::cli {

struct CertificateFile {
  identity::Certificate leaf;
  std::vector<identity::Certificate> chain;   // the leaf's issuer first
  std::vector<identity::Certificate> others;  // what else the file holds
};

// Lines of text, the last one with its newline. Only printable characters, whatever the
// certificates hold: names go through printable().
std::string certificate_view(const CertificateFile& file, std::chrono::sys_seconds now);

// `text` as UTF-8 that does nothing to a terminal: control characters (C0, DEL, C1), line and
// paragraph separators, characters that turn the direction of writing, and bytes that are not UTF-8
// become a backslash and two hex digits for each byte, as in RFC 2253.
std::string printable(std::string_view text);

}  // namespace rolecall::cli
