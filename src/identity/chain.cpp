#include "identity/chain.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "base/ml_dsa.h"
#include "base/text.h"

namespace rolecall::identity {
namespace {

// A chain of five certificates needs about 12 checks. A limit is necessary because one check can
// take milliseconds (RSA keys of 16384 bits), and because the files can contain any number of
// certificates with the same name.
constexpr std::size_t most_checks = 100;

struct ByName {
  bool operator()(const X509_NAME* a, const X509_NAME* b) const { return X509_NAME_cmp(a, b) < 0; }
};

// A certificate of the pool. `key` is a number: entries with the same public key have the same
// number.
struct PoolEntry {
  const Certificate* certificate;
  std::size_t key;
};
using PoolEntries = std::vector<PoolEntry>;

std::string public_key_info(const Certificate& certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.x509()), &data);
  std::string bytes(reinterpret_cast<const char*>(data),
                    static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(data);
  return bytes;
}

// Whether the authorityKeyIdentifier of `below` names the key of `issuer`. This only says which key
// to try first, because anyone can write any identifier into a certificate.
bool names_key(const Certificate& below, const Certificate& issuer) {
  const ASN1_OCTET_STRING* wanted = X509_get0_authority_key_id(below.x509());
  const ASN1_OCTET_STRING* own = X509_get0_subject_key_id(issuer.x509());
  return wanted != nullptr && own != nullptr && ASN1_OCTET_STRING_cmp(wanted, own) == 0;
}

bool contains(const std::vector<Certificate>& certificates, const Certificate& one) {
  return std::find(certificates.begin(), certificates.end(), one) != certificates.end();
}

class Pool {
 public:
  // The pool does not contain `leaf` or duplicates.
  Pool(const Certificate& leaf, const std::vector<Certificate>& certificates) {
    std::set<std::string_view> seen = {leaf.der()};
    std::map<std::string, std::size_t> keys;
    for (const Certificate& one : certificates) {
      if (!seen.insert(one.der()).second) continue;
      const std::size_t key = keys.emplace(public_key_info(one), keys.size()).first->second;
      entries_.emplace(X509_get_subject_name(one.x509()), PoolEntry{&one, key});
    }
  }

  bool gave_up() const { return gave_up_; }

  // Returns the best issuer of `below` that is neither self-signed nor in `chain`, or nullptr.
  const Certificate* issuer_of(const Certificate& below, const std::vector<Certificate>& chain,
                               std::chrono::sys_seconds now) {
    PoolEntries candidates = issuers(below);
    // Without this, the loop would not end if two CAs have certified each other.
    std::erase_if(candidates,
                  [&chain](const PoolEntry& one) { return contains(chain, *one.certificate); });
    const auto is_valid = [now](const PoolEntry& one) { return one.certificate->valid_at(now); };
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const PoolEntry& a, const PoolEntry& b) {
                       return a.certificate->not_after() > b.certificate->not_after();
                     });
    const auto expired = std::stable_partition(candidates.begin(), candidates.end(), is_valid);
    if (const Certificate* best = first_anchored(candidates.begin(), expired)) return best;
    return first_anchored(expired, candidates.end());
  }

 private:
  bool check(const Certificate& below, const Certificate& issuer) {
    gave_up_ = gave_up_ || checks_ == most_checks;
    if (gave_up_) return false;
    ++checks_;
    return below.issued_by(issuer);
  }

  // Returns all entries that have the name and the key of the issuer. Only one key can have made
  // the signature. So each key is tried once, and the search stops at the right one.
  PoolEntries issuers(const Certificate& below) {
    const auto [begin, end] = entries_.equal_range(X509_get_issuer_name(below.x509()));
    PoolEntries same_name;
    for (auto at = begin; at != end; ++at)
      same_name.push_back(at->second);
    std::stable_partition(same_name.begin(), same_name.end(), [&below](const PoolEntry& one) {
      return names_key(below, *one.certificate);
    });
    std::set<std::size_t> tried;
    for (const PoolEntry& one : same_name) {
      if (!tried.insert(one.key).second || !check(below, *one.certificate)) continue;
      std::erase_if(same_name,
                    [key = one.key](const PoolEntry& other) { return other.key != key; });
      return same_name;
    }
    return {};
  }

  // The entries are in the order of preference. Returns the first one whose own issuer is also in
  // the pool. That issuer can be a root, which shows the intended trust anchor. If there is no such
  // entry, returns the first entry.
  const Certificate* first_anchored(PoolEntries::const_iterator begin,
                                    PoolEntries::const_iterator end) {
    const Certificate* first = nullptr;
    for (auto one = begin; one != end; ++one) {
      const Certificate& candidate = *one->certificate;
      // After the last check, a certificate whose subject and issuer are the same counts as
      // self-signed.
      if (candidate.self_issued() && (check(candidate, candidate) || gave_up_)) continue;
      if (!issuers(candidate).empty()) return &candidate;
      if (first == nullptr) first = &candidate;
    }
    return first;
  }

  std::multimap<const X509_NAME*, PoolEntry, ByName> entries_;
  std::size_t checks_ = 0;
  bool gave_up_ = false;
};

// Whether the chain ends only because OpenSSL has no ML-DSA, and so cannot check the signature of
// the next issuer.
bool warn_about_unreadable_issuer(const Certificate& last, const std::vector<Certificate>& pool,
                                  const Reporter& reporter) {
  for (const Certificate& one : pool) {
    if (one.public_key() != nullptr || one.self_issued() ||
        X509_NAME_cmp(X509_get_issuer_name(last.x509()), X509_get_subject_name(one.x509())) != 0 ||
        ml_dsa_key_name(one.x509()).empty()) {
      continue;
    }
    reporter.warning(cat("the chain ends at ", last.name(), ", because the key of its issuer ",
                         one.name(), " is of the kind ", one.key_kind(), ", which ",
                         without_ml_dsa(), "; ", ml_dsa_hint()));
    return true;
  }
  return false;
}

}  // namespace

std::vector<Certificate> order_chain(const Certificate& leaf, const std::vector<Certificate>& pool,
                                     std::chrono::sys_seconds now, const Reporter& reporter) {
  Pool candidates(leaf, pool);
  std::vector<Certificate> chain;
  while (const Certificate* issuer =
             candidates.issuer_of(chain.empty() ? leaf : chain.back(), chain, now)) {
    if (chain.size() == max_chain) {
      reporter.warning(cat("the chain is longer than the ", max_chain,
                           " intermediates that the service accepts; only the intermediates "
                           "nearest to the leaf are sent"));
      break;
    }
    chain.push_back(*issuer);
  }
  if (candidates.gave_up()) {
    reporter.warning(
        cat("too many of the certificates given with ", leaf.name(),
            " have the same name: the search for the chain ended after ", most_checks,
            " signature checks, so the chain may be incomplete; give only the certificates of "
            "the chain"));
  }
  if (warn_about_unreadable_issuer(chain.empty() ? leaf : chain.back(), pool, reporter))
    return chain;
  std::size_t left_out = 0;
  for (const Certificate& other : pool) {
    if (other == leaf || contains(chain, other) || other.self_issued()) continue;
    // An older certificate with the leaf's own key was not meant as part of the chain.
    if (EVP_PKEY_eq(other.public_key(), leaf.public_key()) != 1) ++left_out;
    reporter.trace([&other] { return "not in the chain, left out: " + other.name(); });
  }
  if (chain.empty() && left_out > 0) {
    // If none of these certificates is in the chain, this is a mistake. If only some are not, the
    // file is probably a bundle of all CAs of an organisation.
    reporter.warning("none of the other certificates given issued " + leaf.name() +
                     " (its issuer is " + leaf.issuer() + "); no chain is sent");
  }
  return chain;
}

const Certificate* anchor_of(const Certificate& certificate,
                             const std::vector<Certificate>& anchors) {
  const auto found = std::find_if(anchors.begin(), anchors.end(), [&](const Certificate& anchor) {
    return certificate == anchor || certificate.issued_by(anchor);
  });
  return found == anchors.end() ? nullptr : &*found;
}

}  // namespace rolecall::identity
