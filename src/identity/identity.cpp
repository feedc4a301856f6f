#include "identity/identity.h"

#include <openssl/evp.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>

#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "identity/chain.h"
#include "identity/file_form.h"
#include "identity/hardware/hardware.h"
#include "identity/key_kind.h"
#include "identity/pem.h"
#include "identity/pem_contents.h"
#include "identity/pkcs12.h"
#include "identity/private_key.h"
#include "identity/requirements.h"
#include "identity/spiffe/spiffe.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

// For callers without a deadline.
constexpr std::chrono::seconds default_limit{30};

// Reads each file once, even if two options name it (a file with the key and the certificates).
class Files {
 public:
  explicit Files(Deadline& deadline) : deadline_(deadline) {}

  const FileContent& read(std::string_view what, const Source& source) {
    for (const auto& [known, content] : files_)
      if (known == source) return content;
    return files_.emplace_back(source, read_source(what, source, &deadline_)).second;
  }

  // Refuses an agent: its key and its certificates belong together.
  static void refuse_agent(const char* option, const Source& source) {
    if (source.kind() != Source::Kind::spiffe) return;
    throw Error(ErrorKind::usage, cat("`", option, "` cannot be a SPIFFE agent"),
                "`certificate` can; the agent then gives the key and the chain too");
  }

  Deadline& deadline() { return deadline_; }

 private:
  Deadline& deadline_;
  std::deque<std::pair<Source, FileContent>> files_;
};

std::string validity_text(const Certificate& leaf) {
  return rfc3339(leaf.not_before()) + " to " + rfc3339(leaf.not_after());
}

void check_validity(const Certificate& leaf, std::chrono::sys_seconds now, const Source& source) {
  const std::string clock_hint = " (this machine's clock says " + rfc3339(now) + ")";
  const bool is_from_agent = source.kind() == Source::Kind::spiffe;
  if (now > leaf.not_after()) {
    throw Error(is_from_agent ? ErrorKind::try_later : ErrorKind::failed,
                "certificate " + leaf.name() + " expired " +
                    largest_unit_text(now - leaf.not_after()) + " ago: it was valid from " +
                    validity_text(leaf),
                (is_from_agent ? "the SPIFFE agent has not renewed it; can the agent reach its "
                                 "server?"
                               : "ask the issuer for a new certificate") +
                    clock_hint);
  }
  if (now < leaf.not_before()) {
    throw Error(ErrorKind::failed,
                "certificate " + leaf.name() + " is not valid yet for " +
                    largest_unit_text(leaf.not_before() - now) + ": it is valid from " +
                    validity_text(leaf),
                "wait, or correct the clock" + clock_hint);
  }
}

// If several certificates match the key (renewed with the same key), prefers one that is valid,
// then the one that expires last.
const Certificate* certificate_of(const EVP_PKEY* key, const std::vector<Certificate>& certificates,
                                  std::chrono::sys_seconds now) {
  const Certificate* leaf = nullptr;
  for (const Certificate& candidate : certificates) {
    if (candidate.public_key() == nullptr || EVP_PKEY_eq(candidate.public_key(), key) != 1) {
      continue;
    }
    if (leaf == nullptr || is_better_leaf(candidate, *leaf, now)) leaf = &candidate;
  }
  return leaf;
}

const Certificate& find_leaf(const std::vector<Certificate>& certificates, const EVP_PKEY* key,
                             std::chrono::sys_seconds now, const IdentityOptions& options) {
  if (const Certificate* leaf = certificate_of(key, certificates, now)) return *leaf;
  const Certificate& first = certificates.front();
  const bool in_one_file = options.private_key.empty();
  throw Error(
      ErrorKind::usage,
      (in_one_file ? "the private key" : "private key file " + options.private_key.name()) + " (" +
          describe_key(key) + ") does not match " +
          (certificates.size() == 1 ? "the certificate"
                                    : cat("any of the ", certificates.size(), " certificates")) +
          " in " + options.certificate.name() + " (" + first.name() + ", " + first.key_kind() + ")",
      "key and certificate must come from the same certificate request; was only one of them "
      "renewed?");
}

// What the options name: the key, and all certificates.
struct Material {
  std::unique_ptr<Signer> signer;
  EvpPkeyPtr key;  // or only its public key; nullptr if that is unknown
  std::vector<Certificate> certificates;
  bool includes_chain = false;
  // All certificates on the token of the certificate. Some may be its issuers.
  std::vector<Certificate> certificates_on_token;
};

void take_key(Material& material, EvpPkeyPtr key) {
  EVP_PKEY_up_ref(key.get());
  material.key.reset(key.get());
  material.signer = make_openssl_signer(std::move(key));
}

void take_key(Material& material, TpmKey key) {
  material.key = std::move(key.public_key);
  material.signer = std::move(key.signer);
}

Material read_pkcs12_file(const FileContent& file, const IdentityOptions& options,
                          const Reporter& reporter, Deadline& deadline) {
  const std::string name = "PKCS#12 file " + options.certificate.name();
  for (const auto& [flag, value] : {std::pair("`private-key`", &options.private_key),
                                    std::pair("`intermediates`", &options.intermediates)}) {
    // Only a warning, because the option is often set for all commands in a configuration file.
    if (!value->empty()) {
      reporter.warning(name + " contains the key and the chain: " + flag + " is not used");
    }
  }
  Pkcs12 content = read_pkcs12(file.bytes.view(), name, options.password,
                               {options.pkcs12_entry, nullptr}, &deadline);
  warn_about_open_mode(name, file, reporter);
  Material material;
  take_key(material, std::move(content.key));
  material.certificates = std::move(content.certificates);
  material.includes_chain = true;
  return material;
}

Material ask_agent(const IdentityOptions& options, std::chrono::sys_seconds now,
                   const Reporter& reporter, Deadline& deadline, SpiffeAgent* agent) {
  for (const auto& [flag, value] : {std::pair("`private-key`", &options.private_key),
                                    std::pair("`intermediates`", &options.intermediates)}) {
    if (!value->empty())
      reporter.warning(cat("a SPIFFE agent gives the key and the chain: ", flag, " is not used"));
  }
  std::optional<SpiffeAgent> agent_for_once;
  if (agent == nullptr) agent = &agent_for_once.emplace(options.certificate, deadline.clock());
  const Svid& svid = agent->svid(now, reporter, deadline);
  EVP_PKEY_up_ref(svid.key.get());
  Material material;
  take_key(material, EvpPkeyPtr(svid.key.get()));
  material.certificates = svid.certificates;
  material.includes_chain = true;
  return material;
}

std::vector<Certificate> certificates_of(const FileContent& file, const std::string& name,
                                         bool key_is_elsewhere) {
  const std::vector<PemBlock> blocks = read_pem(file.bytes.view(), name);
  std::vector<Certificate> certificates = certificates_in(blocks, name);
  if (certificates.empty()) refuse_without_certificate(blocks, name, key_is_elsewhere);
  return certificates;
}

void read_key(Files& files, const IdentityOptions& options, const Reporter& reporter,
              Material& material) {
  if (options.private_key.kind() == Source::Kind::tpm) {
    // Hardware has its own limit (rolecall/hardware.h).
    const Deadline::Pause pause(&files.deadline());
    return take_key(material, load_tpm_handle(options.private_key.text(), options));
  }
  // If there is no key file, the key can be in the certificate file.
  const bool in_one_file = options.private_key.empty();
  Files::refuse_agent("private-key", options.private_key);
  const std::string what = in_one_file ? "certificate file" : "private key file";
  const Source& source = in_one_file ? options.certificate : options.private_key;
  const std::string name = what + " " + source.name();
  if (source.empty()) {
    throw Error(ErrorKind::usage, "missing: `private-key`", "give the file of the private key");
  }
  const FileContent& file = files.read(what, source);
  if (is_pkcs12(file.bytes.view())) {
    const auto* certificates = material.certificates.empty() ? nullptr : &material.certificates;
    Pkcs12 content = read_pkcs12(file.bytes.view(), name, options.password,
                                 {options.pkcs12_entry, certificates}, &files.deadline());
    take_key(material, std::move(content.key));
    return warn_about_open_mode(name, file, reporter);
  }
  const std::vector<PemBlock> blocks = read_pem(file.bytes.view(), name);
  if (in_one_file && std::none_of(blocks.begin(), blocks.end(), is_private_key)) {
    throw Error(ErrorKind::usage,
                "missing: `private-key`, because " + name + " contains no private key",
                "give the file of the private key; `private-key` is only optional for a PKCS#12 "
                "file, a token, or a PEM file with both certificate and key");
  }
  const PemBlock& key = private_key_block(blocks, name);
  if (is_tpm_key(key)) {
    // It does not matter who can read the file: its key is useless without this TPM. But the owner
    // of the file decides which key is used.
    warn_about_owner(name, file, reporter);
    const Deadline::Pause pause(&files.deadline());
    return take_key(material, load_tpm_file(key, name, options));
  }
  take_key(material, private_key_in(blocks, name, options.password, &files.deadline()));
  warn_about_open_mode(name, file, reporter);
}

// The key and the certificates can come from one PKCS#12 file, from PEM files, from tokens, or from
// several of these.
Material read_material(Files& files, const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter, SpiffeAgent* agent = nullptr) {
  if (options.certificate.kind() == Source::Kind::spiffe)
    return ask_agent(options, now, reporter, files.deadline(), agent);
  Material material;
  if (!options.certificate.empty() && !certificate_is_on_token(options)) {
    const FileContent& file = files.read("certificate file", options.certificate);
    with_path_in_hints(options.certificate, [&] {
      if (is_pkcs12(file.bytes.view())) {
        material = read_pkcs12_file(file, options, reporter, files.deadline());
        return;
      }
      material.certificates = certificates_of(
          file, "certificate file " + options.certificate.name(), !options.private_key.empty());
    });
    if (material.includes_chain) return material;
  }
  if (!key_is_on_token(options)) {
    with_path_in_hints(options.private_key.empty() ? options.certificate : options.private_key,
                       [&] { read_key(files, options, reporter, material); });
  }
  if (key_is_on_token(options) || certificate_is_on_token(options)) {
    const Deadline::Pause pause(&files.deadline());
    TokenObjects found = read_tokens(options, material.certificates, now, reporter);
    if (certificate_is_on_token(options)) material.certificates = std::move(found.leaves);
    material.certificates_on_token = std::move(found.certificates_on_token);
    if (key_is_on_token(options)) {
      material.signer = std::move(found.signer);
      material.key = std::move(found.public_key);
    }
  }
  return material;
}

void take_intermediates(const FileContent& file, const std::string& name,
                        std::vector<Certificate>& pool) {
  const auto take = [&pool](const std::vector<Certificate>& more) {
    pool.insert(pool.end(), more.begin(), more.end());
  };
  // CAs on Windows export chains as PKCS#7, in DER or PEM.
  if (const auto found = certificates_in_pkcs7(file.bytes.view(), name)) return take(*found);
  const std::vector<PemBlock> blocks = read_pem(file.bytes.view(), name);
  std::vector<Certificate> more = certificates_in(blocks, name);
  for (const PemBlock& block : blocks) {
    if (!is_pkcs7(block)) continue;
    const auto found = certificates_in_pkcs7(block.der.view(), name);
    if (found) more.insert(more.end(), found->begin(), found->end());
  }
  if (more.empty()) refuse_without_certificate(blocks, name, false);
  take(more);
}

void add_intermediates(Files& files, const IdentityOptions& options,
                       std::vector<Certificate>& pool) {
  if (options.intermediates.empty() || options.intermediates == options.certificate) return;
  Files::refuse_agent("intermediates", options.intermediates);
  const std::string name = "intermediates file " + options.intermediates.name();
  const FileContent& file = files.read("intermediates file", options.intermediates);
  with_path_in_hints(options.intermediates, [&] { take_intermediates(file, name, pool); });
}

// A token can also have certificates that have nothing to do with the leaf. That is not a mistake,
// and needs no warning. So only the certificates of the leaf's chain are added.
void add_from_token(Material& material, const Certificate& leaf, std::chrono::sys_seconds now) {
  std::vector<Certificate> all = material.certificates;
  all.insert(all.end(), material.certificates_on_token.begin(),
             material.certificates_on_token.end());
  for (Certificate& issuer : order_chain(leaf, all, now, {}))
    material.certificates.push_back(std::move(issuer));
}

// Adds the possible issuers of `leaf` to the certificates.
void add_issuers(Files& files, const IdentityOptions& options, Material& material,
                 const Certificate& leaf, std::chrono::sys_seconds now) {
  if (!material.includes_chain) add_intermediates(files, options, material.certificates);
  if (!material.certificates_on_token.empty()) add_from_token(material, leaf, now);
}

}  // namespace

Identity load_identity(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter, Deadline& deadline, SpiffeAgent* agent) {
  Files files(deadline);
  Material material = read_material(files, options, now, reporter, agent);
  const std::vector<Certificate>& pool = material.certificates;
  const EvpPkeyPtr& key = material.key;

  const Certificate leaf = find_leaf(pool, key.get(), now, options);
  check_validity(leaf, now, options.certificate);
  add_issuers(files, options, material, leaf, now);
  std::vector<Certificate> chain = order_chain(leaf, pool, now, reporter);
  warn_of_requirements(leaf, chain, now, reporter);
  reporter.trace([&] {
    std::string text = "leaf: " + leaf.name() + ", serial " + leaf.serial_decimal() + ", " +
                       describe_key(key.get()) + ", valid from " + validity_text(leaf);
    for (const Certificate& issuer : chain)
      text += "\nchain: " + issuer.name();
    return text;
  });
  return {leaf, std::move(chain), std::move(material.signer)};
}

IdentityParts load_identity_parts(const IdentityOptions& options, std::chrono::sys_seconds now,
                                  const Reporter& reporter, Deadline& deadline) {
  Files files(deadline);
  Material material = read_material(files, options, now, reporter);
  IdentityParts parts{
      find_leaf(material.certificates, material.key.get(), now, options), {}, {}, {}};
  try {
    add_issuers(files, options, material, parts.leaf, now);
  } catch (const Error& error) {
    parts.intermediates_error = error;
  }
  parts.certificates = std::move(material.certificates);
  parts.signer = std::move(material.signer);
  return parts;
}

std::unique_ptr<Signer> load_signer(const IdentityOptions& options, const Reporter& reporter) {
  Deadline deadline(default_limit);
  Files files(deadline);
  // Only an agent looks at the time, to find out whether it still works.
  Material material = read_material(files, options, {}, reporter);
  if (!material.certificates.empty()) {
    find_leaf(material.certificates, material.key.get(), {}, options);
  }
  if (material.key) {
    reporter.trace([&] { return "private key: " + describe_key(material.key.get()); });
  }
  return std::move(material.signer);
}

std::vector<Certificate> load_certificates(const IdentityOptions& options,
                                           std::chrono::sys_seconds now) {
  Deadline deadline(default_limit);
  if (options.certificate.kind() == Source::Kind::spiffe)
    return ask_agent(options, now, {}, deadline, nullptr).certificates;
  const FileContent file = read_source("certificate file", options.certificate, &deadline);
  if (!is_pkcs12(file.bytes.view())) {
    return with_path_in_hints(options.certificate, [&] {
      return certificates_of(file, "certificate file " + options.certificate.name(), false);
    });
  }
  const std::string name = "PKCS#12 file " + options.certificate.name();
  Pkcs12 content = with_path_in_hints(options.certificate, [&] {
    return read_pkcs12(file.bytes.view(), name, options.password, {options.pkcs12_entry, nullptr},
                       &deadline);
  });
  const Certificate* leaf = certificate_of(content.key.get(), content.certificates, now);
  if (leaf != nullptr && *leaf != content.certificates.front()) {
    std::swap(
        content.certificates.front(),
        content.certificates.at(static_cast<std::size_t>(leaf - content.certificates.data())));
  }
  return std::move(content.certificates);
}

}  // namespace rolecall::identity
