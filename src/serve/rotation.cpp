#include "serve/rotation.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "identity/tpm.h"

namespace rolecall::serve {
namespace {

std::array<const std::string*, 3> sources(const IdentityOptions& options) {
  return {&options.certificate, &options.private_key, &options.intermediates};
}

bool is_descriptor(const std::string& source) {
  return source == "-" || source.starts_with("fd:");
}

bool is_path(const std::string& source) {
  return !source.empty() && !is_descriptor(source) && !is_pkcs11_uri(source) &&
         !identity::is_tpm_handle(source);
}

}  // namespace

FileStamps::FileStamps(const IdentityOptions& options) {
  for (const std::string* source : sources(options)) {
    if (!is_path(*source)) continue;
    struct stat info {};
    if (stat(source->c_str(), &info) != 0) {
      stamps_.push_back({errno, {}});
      continue;
    }
    // The change time too: a file that is copied with its times is another one all the same.
    stamps_.push_back(
        {0,
         {static_cast<long long>(info.st_dev), static_cast<long long>(info.st_ino), info.st_size,
          info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec}});
  }
}

bool Rotation::load(std::chrono::sys_seconds now, const Reporter& reporter) {
  const auto all = sources(options_);
  const bool only_once = std::any_of(
      all.begin(), all.end(), [](const std::string* source) { return is_descriptor(*source); });
  if (only_once && (proven_ || candidate_)) return false;
  // From before the files are read: what changes meanwhile is a change that is still to be seen.
  stamps_ = FileStamps(options_);
  auto loaded =
      std::make_shared<const identity::Identity>(identity::load_identity(options_, now, reporter));
  const auto is_same = [&loaded](const IdentityPtr& other) {
    return other && loaded->leaf == other->leaf && loaded->chain == other->chain;
  };
  if (is_same(proven_)) {
    proven_ = std::move(loaded);
    candidate_.reset();
    return false;
  }
  const bool is_new = !is_same(candidate_);
  candidate_ = std::move(loaded);  // also the same one: its token may have been out
  return is_new;
}

}  // namespace rolecall::serve
