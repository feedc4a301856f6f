#include "identity/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/codec.h"
#include "base/openssl.h"
#include "identity/file_form.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

// Converts text that Windows wrote as UTF-16, with or without a byte order mark. Returns false if
// `text` is not UTF-16. Characters that are not ASCII become "?", because PEM does not use them.
bool to_utf8(std::string_view text, Secret& utf8) {
  if (text.size() < 4) return false;
  const bool mark = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  const bool low_first = mark ? text[0] == '\xff' : text[0] != 0 && text[1] == 0;
  if (!mark && !low_first && (text[0] != 0 || text[1] == 0)) return false;
  if (mark) text.remove_prefix(2);
  utf8.resize(text.size() / 2);
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const char low = text[2 * i + (low_first ? 0 : 1)];
    const char high = text[2 * i + (low_first ? 1 : 0)];
    utf8.data()[i] = high == 0 && low > 0 ? low : '?';
  }
  return true;
}

bool is_label(std::string_view line, std::string_view kind) {
  return line.starts_with(kind) && line.size() > kind.size() + 5 && line.ends_with("-----") &&
         line.find("-----", kind.size()) == line.size() - 5;
}

// Returns only the blocks, in the form that OpenSSL reads. Editors and templates add indentation
// and empty lines: both are removed. An empty line stays after the headers of an encrypted key.
Secret plain_lines(std::string_view text) {
  Secret plain;
  plain.resize(text.size() + 1);
  plain.resize(0);  // reserves all memory at once: no copies
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark in UTF-8
  bool in_block = false;
  bool in_header = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (is_label(line, "-----BEGIN ")) {
      in_block = true;
      in_header = false;
    } else if (in_block) {
      const bool header = line.find(':') != std::string_view::npos;
      if (in_header && !header) plain.append("\n");
      in_header = header;
    }
    if (!in_block) continue;
    plain.append(line);
    plain.append("\n");
    if (is_label(line, "-----END ")) in_block = false;
  }
  return plain;
}

}  // namespace

std::vector<PemBlock> read_pem(std::string_view text, const std::string& name) {
  Secret utf8;
  const Secret plain = plain_lines(to_utf8(text, utf8) ? utf8.view() : text);
  const BioPtr bio = memory_bio(plain.view());
  std::vector<PemBlock> blocks;
  for (;;) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1) break;
    PemBlock block;
    block.label = label;
    block.header = header;
    block.der = Secret({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
    blocks.push_back(std::move(block));
  }
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  // OpenSSL also reports PEM_R_NO_START_LINE at the end of the file, and for a block without an END
  // line.
  const std::size_t last_begin = plain.view().rfind("-----BEGIN ");
  const bool open_block = last_begin != std::string_view::npos &&
                          plain.view().find("-----END ", last_begin) == std::string_view::npos;
  if (reason != PEM_R_NO_START_LINE || open_block) {
    throw Error(ErrorKind::usage,
                name + " is damaged: " + (open_block ? "a block has no END line" : openssl_error()),
                "the file may be truncated or edited; copy it again from its source");
  }
  ERR_clear_error();
  if (blocks.empty()) refuse_other_form(utf8.empty() ? text : utf8.view(), name);
  return blocks;
}

}  // namespace rolecall::identity
