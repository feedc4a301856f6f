#include "identity/chain.h"

#include <algorithm>

namespace rolecall::identity {
namespace {

bool holds(const std::vector<Certificate>& certificates, const Certificate& one) {
  return std::find(certificates.begin(), certificates.end(), one) != certificates.end();
}

// Of two that both issued a certificate (cross-signing, renewal): one that is valid, then one whose
// own issuer was given too, a root perhaps, as that tells which trust anchor is meant, then the one
// that ends last.
bool better(const Certificate& a, const Certificate& b, const std::vector<Certificate>& pool,
            std::chrono::sys_seconds now) {
  const auto anchored = [&pool](const Certificate& one) {
    return std::any_of(pool.begin(), pool.end(), [&one](const Certificate& other) {
      return !(other == one) && one.issued_by(other);
    });
  };
  if (a.valid_at(now) != b.valid_at(now)) return a.valid_at(now);
  if (anchored(a) != anchored(b)) return anchored(a);
  return a.not_after() > b.not_after();
}

}  // namespace

std::vector<Certificate> order_chain(const Certificate& leaf, const std::vector<Certificate>& pool,
                                     std::chrono::sys_seconds now, const Reporter& reporter) {
  std::vector<Certificate> chain;
  const Certificate* top = &leaf;
  for (;;) {
    const Certificate* issuer = nullptr;
    for (const Certificate& candidate : pool) {
      // Two CAs that certify each other would go round for ever. The cheap tests come first: a
      // bundle may hold a hundred roots, and a signature costs.
      if (candidate == leaf || holds(chain, candidate) || !top->issued_by(candidate) ||
          candidate.self_signed()) {
        continue;
      }
      if (issuer == nullptr || better(candidate, *issuer, pool, now)) issuer = &candidate;
    }
    if (issuer == nullptr) break;
    if (chain.size() == max_chain) {
      reporter.warning("the chain is longer than the " + std::to_string(max_chain) +
                       " intermediates that the service takes; those next to the leaf are sent");
      break;
    }
    chain.push_back(*issuer);
    top = issuer;
  }
  std::size_t left_out = 0;
  for (const Certificate& other : pool) {
    if (other == leaf || holds(chain, other) || other.self_issued()) continue;
    // An older certificate of the leaf's own key is no attempt at a chain.
    if (EVP_PKEY_eq(other.public_key(), leaf.public_key()) != 1) ++left_out;
    reporter.trace([&other] { return "not in the chain, left out: " + other.name(); });
  }
  if (chain.empty() && left_out > 0) {
    // One that links nothing is a mistake; some among others are just a bundle of the house's CAs.
    reporter.warning("none of the other certificates given issued " + leaf.name() +
                     " (its issuer is " + leaf.issuer() + "); no chain is sent");
  }
  return chain;
}

}  // namespace rolecall::identity
