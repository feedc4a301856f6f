#include "identity/derivation.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "base/openssl.h"
#include "base/text.h"
#include "base/time.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::string_view sample_password = "password";
constexpr std::array<unsigned char, 8> sample_salt{1, 2, 3, 4, 5, 6, 7, 8};
constexpr unsigned longest_derived_key = 32;
// Most files have fewer iterations. These take so little time that it is not measured.
constexpr std::uint64_t iterations_not_measured = 50000;

// A count from the file. A count that is not a number counts as too large.
std::uint64_t count_of(const ASN1_INTEGER* number) {
  std::uint64_t count = 0;
  if (number == nullptr) return 1;
  if (ASN1_INTEGER_get_uint64(&count, number) == 1) return count;
  ERR_clear_error();
  return std::numeric_limits<std::uint64_t>::max();
}

[[noreturn]] void fail_on_timeout(const std::string& what, const std::string& name, Seconds time,
                                  const Deadline& deadline) {
  // The time is only an estimate. It can be larger than std::chrono::seconds can represent.
  const auto text = [](Seconds seconds) {
    return seconds_text(std::chrono::ceil<std::chrono::seconds>(std::min(seconds, Seconds(1e9))));
  };
  throw Error(
      ErrorKind::usage,
      name + " needs " + what + " to derive a key from its password, which would take " +
          text(time) + "; at most " + text(deadline.left()) + " are left",
      "encrypt the file again: openssl pkcs8 -topk8 -v2 aes-256-cbc; openssl pkcs12 -export; or "
      "allow more time with `timeout`");
}

template <class Run>
Seconds duration_of(Run&& run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::steady_clock::now() - begin;
}

// `repeat(n)` runs the derivation with n iterations. A key needs `parts` derivations of `times`
// iterations each. The time of a small sample, measured on this machine, gives an estimate for the
// whole.
void check_iterations(std::uint64_t times, unsigned parts, const std::string& name,
                      const Deadline& deadline, const std::function<void(int)>& repeat) {
  if (times < iterations_not_measured) return;
  const int sample = static_cast<int>(std::clamp<std::uint64_t>(times / 64, 4096, 65536));
  const Seconds time =
      duration_of([&] { repeat(sample); }) * parts * (static_cast<double>(times) / sample);
  if (time > deadline.left()) {
    fail_on_timeout(cat(times, " iterations"), name, time, deadline);
  }
}

void check_pbkdf2(const PBKDF2PARAM& parameters, const std::string& name,
                  const Deadline& deadline) {
  int digest = NID_sha1;
  const int prf =
      parameters.prf == nullptr ? NID_hmacWithSHA1 : OBJ_obj2nid(parameters.prf->algorithm);
  EVP_PBE_find(EVP_PBE_TYPE_PRF, prf, nullptr, &digest, nullptr);
  const EVP_MD* md = EVP_get_digestbynid(digest);
  if (md == nullptr) return;  // OpenSSL cannot derive a key with this digest
  const auto size = static_cast<unsigned>(EVP_MD_get_size(md));
  const unsigned parts = (longest_derived_key + size - 1) / size;
  check_iterations(count_of(parameters.iter), parts, name, deadline, [&](int times) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> output{};
    PKCS5_PBKDF2_HMAC(sample_password.data(), static_cast<int>(sample_password.size()),
                      sample_salt.data(), static_cast<int>(sample_salt.size()), times, md,
                      static_cast<int>(size), output.data());
  });
}

void check_scrypt(const SCRYPT_PARAMS& parameters, const std::string& name,
                  const Deadline& deadline) {
  const std::uint64_t n = count_of(parameters.costParameter);
  const std::uint64_t r = count_of(parameters.blockSize);
  const std::uint64_t p = count_of(parameters.parallelizationParameter);
  const double work = static_cast<double>(n) * static_cast<double>(r) * static_cast<double>(p);
  if (work < 8192) return;
  constexpr std::uint64_t sample_n = 256;
  constexpr std::uint64_t sample_r = 8;
  std::array<unsigned char, longest_derived_key> output{};
  const Seconds time =
      duration_of([&] {
        EVP_PBE_scrypt(sample_password.data(), sample_password.size(), sample_salt.data(),
                       sample_salt.size(), sample_n, sample_r, 1, 0, output.data(), output.size());
      }) *
      (work / (sample_n * sample_r));
  if (time > deadline.left()) {
    fail_on_timeout(cat("scrypt with N=", n, ", r=", r, ", p=", p), name, time, deadline);
  }
}

// The derivation of PKCS#12 (RFC 7292, B.2). Also for PBES1: PBKDF1 is a simpler form of it.
void check_pkcs12(const ASN1_INTEGER* iterations, const EVP_MD* md, unsigned parts,
                  const std::string& name, const Deadline& deadline) {
  if (md == nullptr) return;
  check_iterations(count_of(iterations), parts, name, deadline, [md](int times) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> output{};
    std::array<unsigned char, 8> salt = sample_salt;
    PKCS12_key_gen_utf8_ex(sample_password.data(), static_cast<int>(sample_password.size()),
                           salt.data(), static_cast<int>(salt.size()), PKCS12_KEY_ID, times,
                           EVP_MD_get_size(md), output.data(), md, nullptr, nullptr);
  });
}

template <class T, auto free_it>
std::unique_ptr<T, OpensslDelete<free_it>> parameters_of(const X509_ALGOR* algorithm,
                                                         const ASN1_ITEM* item) {
  const ASN1_TYPE* type = algorithm == nullptr ? nullptr : algorithm->parameter;
  std::unique_ptr<T, OpensslDelete<free_it>> parameters(
      type == nullptr ? nullptr : static_cast<T*>(ASN1_TYPE_unpack_sequence(item, type)));
  ERR_clear_error();
  return parameters;  // nullptr: OpenSSL cannot read them either
}

void check_pbes2(const X509_ALGOR* algorithm, const std::string& name, const Deadline& deadline) {
  const auto scheme =
      parameters_of<PBE2PARAM, PBE2PARAM_free>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
  if (!scheme) return;
  const int function = OBJ_obj2nid(scheme->keyfunc->algorithm);
  if (function == NID_id_pbkdf2) {
    const auto found =
        parameters_of<PBKDF2PARAM, PBKDF2PARAM_free>(scheme->keyfunc, ASN1_ITEM_rptr(PBKDF2PARAM));
    if (found) check_pbkdf2(*found, name, deadline);
  } else if (function == NID_id_scrypt) {
    const auto found = parameters_of<SCRYPT_PARAMS, SCRYPT_PARAMS_free>(
        scheme->keyfunc, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    if (found) check_scrypt(*found, name, deadline);
  }
}

// OpenSSL supports PBMAC1 since version 3.4. Its parameters start like those of PBES2 (RFC 9579).
bool is_pbmac1(const ASN1_OBJECT* algorithm) {
  return oid_text(algorithm) == "1.2.840.113549.1.5.14";
}

// A file can have thousands of encrypted parts, and each part has its own derivation.
void check_passed(const std::string& name, const Deadline& deadline) {
  if (!deadline.passed()) return;
  throw Error(ErrorKind::try_later,
              name + " could not be decrypted in the " + seconds_text(deadline.limit()) +
                  " that are allowed",
              "`timeout` sets the limit");
}

}  // namespace

void check_derivation(const X509_ALGOR* algorithm, const std::string& name,
                      const Deadline* deadline) {
  if (deadline == nullptr || algorithm == nullptr) return;
  check_passed(name, *deadline);
  const int kind = OBJ_obj2nid(algorithm->algorithm);
  if (kind == NID_pbes2) return check_pbes2(algorithm, name, *deadline);
  int digest = NID_undef;
  if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, kind, nullptr, &digest, nullptr) != 1) return;
  const auto found = parameters_of<PBEPARAM, PBEPARAM_free>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
  // The derivation makes one digest at a time. A key needs at most two, and the IV needs one.
  if (found) check_pkcs12(found->iter, EVP_get_digestbynid(digest), 3, name, *deadline);
}

void check_mac_derivation(const PKCS12* file, const std::string& name, const Deadline* deadline) {
  if (deadline == nullptr) return;
  check_passed(name, *deadline);
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, &algorithm, nullptr, &iterations, file);
  if (algorithm == nullptr) return;
  if (is_pbmac1(algorithm->algorithm)) return check_pbes2(algorithm, name, *deadline);
  check_pkcs12(iterations, EVP_get_digestbyobj(algorithm->algorithm), 1, name, *deadline);
}

}  // namespace rolecall::identity
