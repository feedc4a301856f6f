#include "identity/file_form.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/codec.h"
#include "base/files.h"
#include "base/openssl.h"
#include "base/shell_word.h"
#include "base/text.h"

namespace rolecall::identity {
namespace {

struct Form {
  std::string description;  // goes after "is"
  std::string hint;
};

std::string convert(const std::string& command) {
  return "convert the file: " + command;
}

// Without the umask, others could read a key in the new file for a moment.
std::string convert_key(const std::string& command, const std::string& next_step = "") {
  return "convert the file: (umask 077; " + command + ")" + next_step;
}

constexpr const char* give_store = ", then give FILE.p12 as `certificate`";

template <auto read, auto free_it>
bool reads_as(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  auto* found = read(nullptr, &data, static_cast<long>(der.size()));
  ERR_clear_error();
  if (found == nullptr) return false;
  free_it(found);
  return true;
}

template <int kind>
bool is_key_of(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const EvpPkeyPtr key(d2i_PrivateKey(kind, nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  return key != nullptr;
}

struct DerKind {
  const char* what;
  bool (*matches)(std::string_view der);
  const char* command;  // converts it to PEM; "" if PEM would not help
  const char* hint;     // only if `command` is ""
};

// The order matters: the last kind accepts any structure with an algorithm and bytes.
constexpr std::array<DerKind, 9> der_kinds = {{
    {"a certificate", reads_as<d2i_X509, X509_free>, "openssl x509 -inform DER", ""},
    {"a private key", reads_as<d2i_PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>,
     "openssl pkey -inform DER", ""},
    {"a private key", is_key_of<EVP_PKEY_EC>, "openssl pkey -inform DER", ""},
    {"a private key", is_key_of<EVP_PKEY_RSA>, "openssl pkey -inform DER", ""},
    {"a certificate request", reads_as<d2i_X509_REQ, X509_REQ_free>, "",
     "give the certificate that the CA issued for the request"},
    {"a public key", reads_as<d2i_PUBKEY, EVP_PKEY_free>, "",
     "a certificate and its private key are needed"},
    {"PKCS#7", reads_as<d2i_PKCS7, PKCS7_free>, "openssl pkcs7 -inform DER -print_certs", ""},
    {"a certificate revocation list", reads_as<d2i_X509_CRL, X509_CRL_free>, "",
     "a certificate and its private key are needed"},
    {"an encrypted private key", reads_as<d2i_X509_SIG, X509_SIG_free>,
     "openssl pkey -inform DER -aes256", ""},
}};

const DerKind* der_kind(std::string_view bytes) {
  if (!bytes.starts_with('\x30')) return nullptr;
  const auto* found = std::find_if(der_kinds.begin(), der_kinds.end(),
                                   [bytes](const DerKind& kind) { return kind.matches(bytes); });
  return found == der_kinds.end() ? nullptr : found;
}

std::optional<Form> binary_form(std::string_view bytes) {
  if (is_pkcs12(bytes)) {
    return Form{"a PKCS#12 file",
                "give the file as `certificate`, without `private-key` and `intermediates`"};
  }
  for (const std::string_view magic : {"\xfe\xed\xfe\xed", "\xce\xce\xce\xce"}) {
    if (!bytes.starts_with(magic)) continue;
    return Form{"a Java keystore",
                convert_key("keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 "
                            "-deststoretype PKCS12",
                            give_store)};
  }
  if (const DerKind* kind = der_kind(bytes)) {
    return Form{
        cat("DER, not PEM; it contains ", kind->what),
        *kind->hint != '\0' ? kind->hint : convert(cat(kind->command, " -in FILE -out FILE.pem"))};
  }
  if (bytes.size() > 4 && bytes[0] == '\x30' && (bytes[1] & '\x80') != 0) {
    return Form{"DER, not PEM, and neither a certificate nor a key", "is this the right file?"};
  }
  return std::nullopt;
}

// `base64 -d` accepts only line feeds between the characters of base64.
std::string decode_command(std::string_view text) {
  return text.find_first_of(" \t\r") == std::string_view::npos
             ? "base64 -d FILE"
             : R"(tr -d ' \t\r' < FILE | base64 -d)";
}

// Secret stores and the variables of CI systems often contain a file in base64.
std::optional<Form> base64_form(std::string_view text) {
  Secret packed;
  packed.resize(text.size());
  char* end = std::remove_copy_if(text.begin(), text.end(), packed.data(), [](char c) {
    return std::string_view(" \t\r\n").find(c) != std::string_view::npos;
  });
  packed.resize(static_cast<std::size_t>(end - packed.data()));
  std::optional<std::string> decoded = base64_decode(packed.view());
  if (!decoded || decoded->size() < 16) return std::nullopt;
  std::string& plain = *decoded;
  const Secret bytes(plain);
  const std::string decode = decode_command(trim(text));
  wipe(plain.data(), plain.size());
  if (bytes.view().find("-----BEGIN ") != std::string_view::npos) {
    return Form{"the base64 of a PEM file", convert_key(decode + " > FILE.pem")};
  }
  if (is_pkcs12(bytes.view())) {
    return Form{"the base64 of a PKCS#12 file", convert_key(decode + " > FILE.p12", give_store)};
  }
  const DerKind* kind = der_kind(bytes.view());
  if (kind == nullptr) return std::nullopt;
  return Form{cat("base64 without the lines BEGIN and END; it contains ", kind->what),
              *kind->hint != '\0' ? kind->hint
                                  : convert(decode + " | " + kind->command + " -out FILE.pem")};
}

std::optional<Form> text_form(std::string_view text) {
  const std::string_view start = trim(text);
  const auto contains = [start](const char* part) {
    return start.find(part) != std::string_view::npos;
  };
  if (start.starts_with('{') || start.starts_with('[')) {
    return contains("\"tls.crt\"")
               ? Form{"JSON, of a Kubernetes Secret",
                      convert_key("jq -r '.data[\"tls.crt\"], .data[\"tls.key\"]' FILE | base64 -d "
                                  "> FILE.pem")}
               : Form{"JSON, not PEM",
                      convert_key("jq -r '.data.certificate, .data.private_key' FILE > FILE.pem",
                                  ", if the JSON has the names that Vault uses")};
  }
  if (contains("-----BEGIN ") && contains("-----END ")) {
    return contains("\\n")
               ? Form{"PEM with \\n as two characters instead of line feeds",
                      convert_key(R"(sed 's/"//g; s/\\r//g; s/\\n/\n/g' FILE > FILE.pem)")}
               : Form{"PEM whose lines are joined to one line",
                      convert_key(R"(sed -E 's/ *(-----(BEGIN|END) [A-Z0-9 ]+-----) */\n\1\n/g')"
                                  " FILE > FILE.pem")};
  }
  for (const char* kind : {"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"}) {
    if (start.starts_with(kind)) {
      return Form{"a public key of OpenSSH", "a certificate and its private key are needed"};
    }
  }
  return base64_form(text);
}

// Finds `word` only as a whole word, not as a part of another one.
std::size_t find_word(std::string_view text, std::string_view word) {
  const auto is_of_word = [text](std::size_t at) {
    return at < text.size() && ((text[at] >= 'A' && text[at] <= 'Z') || text[at] == '_');
  };
  std::size_t at = text.find(word);
  while (at != std::string_view::npos &&
         (is_of_word(at + word.size()) || (at > 0 && is_of_word(at - 1)))) {
    at = text.find(word, at + 1);
  }
  return at;
}

}  // namespace

bool is_pkcs12(std::string_view bytes) {
  // A PKCS#12 file starts with SEQUENCE { INTEGER 3 }, where 3 is the version. Even an empty file
  // is so long that the length takes more than one byte. BER also allows an indefinite length
  // (0x80).
  if (bytes.size() < 8 || bytes[0] != '\x30' || (bytes[1] & '\x80') == 0) return false;
  const std::size_t length_bytes = static_cast<std::size_t>(bytes[1] & 0x7f);
  if (length_bytes > 4) return false;
  return bytes.substr(2 + length_bytes).starts_with(std::string_view("\x02\x01\x03", 3));
}

void refuse_other_form(std::string_view text, const std::string& name) {
  std::optional<Form> form = binary_form(text);
  if (!form) form = text_form(text);
  if (!form)
    form = Form{"not a PEM file", "a PEM file has a line like -----BEGIN CERTIFICATE-----"};
  throw Error(ErrorKind::usage, name + " is " + form->description, form->hint);
}

std::string hint_with_path(const std::string& hint, const Source& source) {
  constexpr std::string_view placeholder = "FILE";
  // If a terminal cannot show the path unchanged, nobody can paste it either.
  const std::string& given = source.text();
  if (source.kind() == Source::Kind::stream || terminal_safe(given) != given) return hint;
  const std::string path = (given.starts_with('-') ? "./" : "") + given;
  std::string text;
  std::string_view rest = hint;
  while (!rest.empty()) {
    const std::size_t at = std::min(find_word(rest, placeholder), rest.size());
    text += rest.substr(0, at);
    rest.remove_prefix(at);
    if (rest.empty()) break;
    rest.remove_prefix(placeholder.size());
    std::string_view ending;
    for (const std::string_view known : {".pem", ".p12"})
      if (rest.starts_with(known)) ending = known;
    text += shell_word(cat(path, ending));
    rest.remove_prefix(ending.size());
  }
  return text;
}

}  // namespace rolecall::identity
