#include "identity/identity.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "base/files.h"
#include "base/time.h"
#include "identity/chain.h"
#include "identity/pem.h"
#include "identity/pkcs12.h"
#include "identity/private_key.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

// One file may be named twice (a key and its certificates in one): it is read once.
class Files {
 public:
  const FileContent& read(std::string_view what, const std::string& source) {
    const int descriptor = input_descriptor(source);
    const auto [entry, is_new] =
        files_.try_emplace(descriptor < 0 ? source : "fd:" + std::to_string(descriptor));
    if (is_new) entry->second = read_input(what, source);
    return entry->second;
  }

 private:
  std::map<std::string, FileContent> files_;
};

void refuse_other_sources(const IdentityOptions& options) {
  for (const std::string& value : {options.certificate, options.private_key}) {
    if (value.starts_with("pkcs11:")) {
      throw Error(ErrorKind::usage, "pkcs11: URIs are not supported yet",
                  "this version reads certificates and keys from files");
    }
  }
  if (options.private_key.starts_with("handle:")) {
    throw Error(ErrorKind::usage, "TPM handles are not supported yet",
                "this version reads certificates and keys from files");
  }
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

// Where several belong to the key (renewed with the same one): the one that is valid, and of these
// the one that ends last.
const Certificate* certificate_of(const EVP_PKEY* key, const std::vector<Certificate>& certificates,
                                  std::chrono::sys_seconds now) {
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
  return leaf;
}

const Certificate& find_leaf(const std::vector<Certificate>& certificates, const EVP_PKEY* key,
                             std::chrono::sys_seconds now, const IdentityOptions& options) {
  if (const Certificate* leaf = certificate_of(key, certificates, now)) return *leaf;
  const Certificate& first = certificates.front();
  const std::string certificate_key =
      first.public_key() == nullptr ? "unknown" : describe_key(first.public_key());
  const bool in_one_file = options.private_key.empty();
  throw Error(
      ErrorKind::usage,
      (in_one_file ? "the private key" : input_name("private key file", options.private_key)) +
          " (" + describe_key(key) + ") does not fit " +
          (certificates.size() == 1
               ? "the certificate"
               : "any of the " + std::to_string(certificates.size()) + " certificates") +
          " in " + options.certificate + " (" + first.name() + ", " + certificate_key + ")",
      "key and certificate must come from the same request; was only one of them renewed?");
}

// The key, and every certificate that was given.
struct Material {
  EvpPkeyPtr key;
  std::vector<Certificate> certificates;
  bool is_whole = false;  // with the chain
};

Material read_pkcs12_file(const FileContent& file, const IdentityOptions& options,
                          const Reporter& reporter) {
  const std::string name = input_name("PKCS#12 file", options.certificate);
  for (const auto& [flag, value] : {std::pair("--private-key", &options.private_key),
                                    std::pair("--intermediates", &options.intermediates)}) {
    // Often it is not meant, but set for all by a configuration file.
    if (!value->empty()) {
      reporter.warning(name + " holds key and chain itself: " + flag + " is not read");
    }
  }
  Pkcs12 content = read_pkcs12(file.bytes.view(), name, options.password);
  warn_of_readers(name, file.mode, reporter);
  return {std::move(content.key), std::move(content.certificates), true};
}

std::vector<Certificate> certificates_of(const FileContent& file, const std::string& name) {
  std::vector<Certificate> certificates = certificates_in(read_pem(file.bytes.view(), name), name);
  if (certificates.empty()) {
    throw Error(ErrorKind::usage, name + " holds no certificate",
                "it must have a block that starts with -----BEGIN CERTIFICATE-----");
  }
  return certificates;
}

EvpPkeyPtr read_key(Files& files, const IdentityOptions& options, const Reporter& reporter) {
  if (options.private_key.empty()) {
    throw Error(ErrorKind::usage, "missing: --private-key",
                "only a PKCS#12 file as --certificate holds its own");
  }
  const std::string name = input_name("private key file", options.private_key);
  const FileContent& file = files.read("private key file", options.private_key);
  EvpPkeyPtr key = private_key_in(read_pem(file.bytes.view(), name), name, options.password);
  warn_of_readers(name, file.mode, reporter);
  return key;
}

// From one PKCS#12 file or from PEM files.
Material read_material(Files& files, const IdentityOptions& options, const Reporter& reporter) {
  const FileContent& file = files.read("certificate file", options.certificate);
  if (is_pkcs12(file.bytes.view())) return read_pkcs12_file(file, options, reporter);
  Material material;
  material.certificates =
      certificates_of(file, input_name("certificate file", options.certificate));
  material.key = read_key(files, options, reporter);
  return material;
}

void add_intermediates(Files& files, const IdentityOptions& options,
                       std::vector<Certificate>& pool) {
  if (options.intermediates.empty() || options.intermediates == options.certificate) return;
  const std::string name = input_name("intermediates file", options.intermediates);
  const FileContent& file = files.read("intermediates file", options.intermediates);
  std::vector<Certificate> more = certificates_in(read_pem(file.bytes.view(), name), name);
  if (more.empty()) {
    throw Error(ErrorKind::usage, name + " holds no certificate",
                "leave --intermediates out where there are none");
  }
  pool.insert(pool.end(), more.begin(), more.end());
}

}  // namespace

Identity load_identity(const IdentityOptions& options, std::chrono::sys_seconds now,
                       const Reporter& reporter) {
  refuse_other_sources(options);
  Files files;
  Material material = read_material(files, options, reporter);
  std::vector<Certificate>& pool = material.certificates;
  const EvpPkeyPtr& key = material.key;

  const Certificate leaf = find_leaf(pool, key.get(), now, options);
  check_validity(leaf, now);
  if (!material.is_whole) add_intermediates(files, options, pool);
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
  return {leaf, std::move(chain), make_signer(std::move(material.key))};
}

std::unique_ptr<Signer> load_signer(const IdentityOptions& options, const Reporter& reporter) {
  refuse_other_sources(options);
  Files files;
  Material material;
  if (options.certificate.empty()) {
    material.key = read_key(files, options, reporter);
  } else {
    material = read_material(files, options, reporter);
    find_leaf(material.certificates, material.key.get(), {}, options);
  }
  reporter.trace([&] { return "private key: " + describe_key(material.key.get()); });
  return make_signer(std::move(material.key));
}

std::vector<Certificate> load_certificates(const IdentityOptions& options,
                                           std::chrono::sys_seconds now) {
  refuse_other_sources(options);
  const FileContent file = read_input("certificate file", options.certificate);
  if (!is_pkcs12(file.bytes.view())) {
    return certificates_of(file, input_name("certificate file", options.certificate));
  }
  const std::string name = input_name("PKCS#12 file", options.certificate);
  Pkcs12 content = read_pkcs12(file.bytes.view(), name, options.password);
  const Certificate* leaf = certificate_of(content.key.get(), content.certificates, now);
  if (leaf != nullptr && *leaf != content.certificates.front()) {
    std::swap(
        content.certificates.front(),
        content.certificates.at(static_cast<std::size_t>(leaf - content.certificates.data())));
  }
  return std::move(content.certificates);
}

}  // namespace rolecall::identity
