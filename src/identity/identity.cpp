#include "identity/identity.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <map>

#include "base/files.h"
#include "base/time.h"
#include "identity/chain.h"
#include "identity/pem.h"
#include "identity/private_key.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

// One file may be named twice (a key and its certificates in one): it is read once.
class PemFiles {
 public:
  struct File {
    std::vector<PemBlock> blocks;
    mode_t mode = 0;
  };

  const File& read(std::string_view what, const std::string& path) {
    const auto [entry, is_new] = files_.try_emplace(path);
    if (is_new) {
      const FileContent content = read_file(what, path);
      entry->second = {read_pem(content.bytes.view(), std::string(what) + " " + path),
                       content.mode};
    }
    return entry->second;
  }

 private:
  std::map<std::string, File> files_;
};

void refuse_other_sources(const IdentityOptions& options) {
  for (const std::string& value : {options.certificate, options.private_key}) {
    if (value.starts_with("pkcs11:")) {
      throw Error(ErrorKind::usage, "pkcs11: URIs are not supported yet",
                  "this version reads certificates and keys from PEM files");
    }
  }
  if (options.private_key.starts_with("handle:")) {
    throw Error(ErrorKind::usage, "TPM handles are not supported yet",
                "this version reads certificates and keys from PEM files");
  }
}

void warn_of_open_mode(const std::string& path, mode_t mode, const Reporter& reporter) {
  if (!S_ISREG(mode) || (mode & (S_IRWXG | S_IRWXO)) == 0) return;
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  reporter.warning("private key file " + path + " has mode " + octal.data() +
                   ": others than its owner may use it; chmod 600 it");
}

std::string validity_text(const Certificate& leaf) {
  return rfc3339(leaf.not_before()) + " to " + rfc3339(leaf.not_after());
}

void check_validity(const Certificate& leaf, std::chrono::sys_seconds now) {
  const std::string clock_hint = " (this machine's clock says " + rfc3339(now) + ")";
  if (now > leaf.not_after()) {
    throw Error(ErrorKind::failed,
                "certificate " + leaf.name() + " expired " +
                    rough_duration(now - leaf.not_after()) + " ago: it was valid from " +
                    validity_text(leaf),
                "have it renewed by whoever issued it" + clock_hint);
  }
  if (now < leaf.not_before()) {
    throw Error(ErrorKind::failed,
                "certificate " + leaf.name() + " is not valid yet for " +
                    rough_duration(leaf.not_before() - now) + ": it is valid from " +
                    validity_text(leaf),
                "wait, or set the clock right" + clock_hint);
  }
}

// The certificate of `certificates` that `key` belongs to.
const Certificate& find_leaf(const std::vector<Certificate>& certificates, const EVP_PKEY* key,
                             std::chrono::sys_seconds now, const IdentityOptions& options) {
  const Certificate* leaf = nullptr;
  for (const Certificate& candidate : certificates) {
    if (candidate.public_key() == nullptr || EVP_PKEY_eq(candidate.public_key(), key) != 1) {
      continue;
    }
    const bool better = leaf == nullptr || (candidate.valid_at(now) && !leaf->valid_at(now)) ||
                        (candidate.valid_at(now) == leaf->valid_at(now) &&
                         candidate.not_after() > leaf->not_after());
    if (better) leaf = &candidate;
  }
  if (leaf != nullptr) return *leaf;
  const Certificate& first = certificates.front();
  const std::string certificate_key =
      first.public_key() == nullptr ? "unknown" : describe_key(first.public_key());
  throw Error(ErrorKind::usage,
              "private key file " + options.private_key + " (" + describe_key(key) +
                  ") does not fit " +
                  (certificates.size() == 1
                       ? "the certificate"
                       : "any of the " + std::to_string(certificates.size()) + " certificates") +
                  " in " + options.certificate + " (" + first.name() + ", " + certificate_key + ")",
              "key and certificate must come from the same request; was only one of them renewed?");
}

}  // namespace

Identity load_identity(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter) {
  refuse_other_sources(options);
  PemFiles files;
  const std::string certificate_name = "certificate file " + options.certificate;
  std::vector<Certificate> pool =
      certificates_in(files.read("certificate file", options.certificate).blocks, certificate_name);
  if (pool.empty()) {
    throw Error(ErrorKind::usage, certificate_name + " holds no certificate",
                "it must have a block that starts with -----BEGIN CERTIFICATE-----");
  }
  const PemFiles::File& key_file = files.read("private key file", options.private_key);
  EvpPkeyPtr key = private_key_in(key_file.blocks, "private key file " + options.private_key);
  warn_of_open_mode(options.private_key, key_file.mode, reporter);

  const Certificate leaf = find_leaf(pool, key.get(), now, options);
  check_validity(leaf, now);
  if (!options.intermediates.empty() && options.intermediates != options.certificate) {
    const std::string name = "intermediates file " + options.intermediates;
    std::vector<Certificate> more =
        certificates_in(files.read("intermediates file", options.intermediates).blocks, name);
    if (more.empty())
      throw Error(ErrorKind::usage, name + " holds no certificate",
                  "leave --intermediates out where there are none");
    pool.insert(pool.end(), more.begin(), more.end());
  }
  std::vector<Certificate> chain = order_chain(leaf, pool, now, reporter);
  for (const Certificate& issuer : chain) {
    if (!issuer.valid_at(now)) {
      reporter.warning("intermediate certificate " + issuer.name() + " is valid from " +
                       validity_text(issuer) + " only");
    }
  }
  reporter.trace([&] {
    std::string text = "leaf: " + leaf.name() + ", serial " + leaf.serial_decimal() + ", " +
                       describe_key(key.get()) + ", valid from " + validity_text(leaf);
    for (const Certificate& issuer : chain)
      text += "\nchain: " + issuer.name();
    return text;
  });
  return {leaf, std::move(chain), make_signer(std::move(key))};
}

}  // namespace rolecall::identity
