#include "identity/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/openssl.h"
#include "identity/pkcs12.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

[[noreturn]] void refuse_non_pem(std::string_view text, const std::string& name) {
  if (is_pkcs12(text)) {
    throw Error(ErrorKind::usage, name + " is a PKCS#12 file",
                "give it as --certificate, without --private-key and --intermediates");
  }
  if (text.size() > 4 && text[0] == '\x30' && (text[1] & '\x80') != 0) {
    throw Error(
        ErrorKind::usage, name + " is DER, not PEM",
        "convert it: openssl x509 -inform DER -in FILE -out FILE.pem (a key: openssl pkey)");
  }
  throw Error(ErrorKind::usage, name + " is not a PEM file",
              "a PEM file has a line like -----BEGIN CERTIFICATE-----");
}

}  // namespace

std::vector<PemBlock> read_pem(std::string_view text, const std::string& name) {
  const BioPtr bio = memory_bio(text);
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
  const std::string error = openssl_error();
  // The end of the file reads "no start line", too; an opened and never closed block reads like it.
  const std::size_t last_begin = text.rfind("-----BEGIN ");
  const bool open_block = last_begin != std::string_view::npos &&
                          text.find("-----END ", last_begin) == std::string_view::npos;
  if (reason != PEM_R_NO_START_LINE || open_block) {
    throw Error(ErrorKind::usage,
                name + " is damaged: " + (open_block ? "a block has no END line" : error),
                "it may be cut off or edited; copy it again from its source");
  }
  if (blocks.empty()) refuse_non_pem(text, name);
  return blocks;
}

}  // namespace rolecall::identity
