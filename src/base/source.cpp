#include "rolecall/source.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "base/spiffe_source.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall {
namespace {

constexpr std::string_view standard_input = "-";
constexpr std::string_view descriptor_scheme = "fd:";
constexpr std::string_view tpm_scheme = "handle:";

int descriptor_in(const std::string& text) {
  const auto fd = parse_number<int>(std::string_view(text).substr(descriptor_scheme.size()));
  if (!fd || *fd < 0) {
    throw Error(ErrorKind::usage, "\"" + text + "\" names no descriptor",
                "fd: takes the number of an open descriptor, such as fd:3");
  }
  return *fd;
}

}  // namespace

Source::Kind Source::kind_of(std::string_view text) {
  if (text.empty()) return Kind::none;
  if (text == standard_input || text.starts_with(descriptor_scheme)) return Kind::stream;
  if (is_pkcs11_uri(text)) return Kind::token;
  if (text.starts_with(tpm_scheme)) return Kind::tpm;
  if (is_spiffe_source(text)) return Kind::spiffe;
  return Kind::file;
}

Source::Source(std::string text) : text_(std::move(text)), kind_(kind_of(text_)) {
  if (kind_ == Kind::stream) {
    descriptor_ = text_ == standard_input ? STDIN_FILENO : descriptor_in(text_);
  }
  if (kind_ == Kind::spiffe) parse_spiffe_source(text_);  // only to refuse what is malformed
}

std::string Source::name() const {
  return text_ == standard_input ? "- (standard input)" : without_pin(text_);
}

bool Source::can_be_read_again() const {
  if (kind_ == Kind::stream) return false;
  if (kind_ != Kind::file) return true;
  struct stat info {};
  return stat(text_.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode);
}

std::string Source::stamp() const {
  return kind_ == Kind::file ? file_stamp(text_) : std::string();
}

}  // namespace rolecall
