#include "identity/rotation.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/deadline.h"

namespace rolecall::identity {
namespace {

std::array<const Source*, 3> sources(const IdentityOptions& options) {
  return {&options.certificate, &options.private_key, &options.intermediates};
}

}  // namespace

bool Rotation::has_identity(std::chrono::sys_seconds now) const {
  for (const IdentityPtr& one : {candidate_, proven_})
    if (one && (!comes_from_agent() || now <= one->leaf.not_after())) return true;
  return false;
}

std::optional<std::chrono::sys_seconds> Rotation::half_of_life() const {
  if (!comes_from_agent() || !proven_) return std::nullopt;
  const Certificate& leaf = proven_->leaf;
  return leaf.not_before() + (leaf.not_after() - leaf.not_before()) / 2;
}

FileStamps::FileStamps(const IdentityOptions& options) {
  for (const Source* source : sources(options)) {
    if (source->kind() != Source::Kind::file) continue;
    const std::string stamp = source->stamp();
    stamps_.push_back(stamp.empty() ? std::strerror(errno) : stamp);
  }
}

bool Rotation::load(std::chrono::sys_seconds now, const Reporter& reporter, Deadline& deadline) {
  const auto all = sources(options_);
  const bool only_once = std::any_of(all.begin(), all.end(), [](const Source* source) {
    return source->kind() == Source::Kind::stream;
  });
  if (only_once && (proven_ || candidate_)) return false;
  // The stamps are taken before the files are read. So a change during the read is seen at the next
  // check.
  stamps_ = FileStamps(options_);
  if (comes_from_agent() && !agent_)
    agent_ = std::make_unique<SpiffeAgent>(options_.certificate, deadline.clock());
  IdentityPtr loaded;
  try {
    loaded = std::make_shared<const Identity>(
        load_identity(options_, now, reporter, deadline, agent_.get()));
  } catch (const Error&) {
    if (agent_ && agent_->has_withdrawn()) {
      proven_.reset();
      candidate_.reset();
    }
    throw;
  }
  const auto is_same = [&loaded](const IdentityPtr& other) {
    return other && loaded->leaf == other->leaf && loaded->chain == other->chain;
  };
  if (is_same(proven_)) {
    proven_ = std::move(loaded);
    candidate_.reset();
    return false;
  }
  const bool is_new = !is_same(candidate_);
  candidate_ = std::move(loaded);  // even if it is the same: its token may have been removed
  return is_new;
}

}  // namespace rolecall::identity
