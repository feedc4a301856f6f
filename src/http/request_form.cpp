#include "http/request_form.h"

#include <algorithm>

#include "base/text.h"

namespace rolecall::http {
namespace {

// A token as in RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  return only(text, letters_and_digits, "!#$%&'*+-.^_`|~");
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

}  // namespace

std::string form_error(const Request& request) {
  if (!is_token(request.method)) return "the method is not a token";
  if (has_control_character(request.path) || has_control_character(request.query)) {
    return "a control character in the path";
  }
  const std::string* length = nullptr;
  const std::string* encoding = nullptr;
  for (const Header& header : request.headers) {
    // A space before the colon would hide a header from a program that looks for its name.
    if (!is_token(header.name))
      return "the name of a header is not a token, or is followed by a space";
    if (has_control_character(header.value)) return "a control character in a header";
    const bool is_length = same_name(header.name, "content-length");
    if (!is_length && !same_name(header.name, "transfer-encoding")) continue;
    const std::string*& seen = is_length ? length : encoding;
    if (seen != nullptr) return "the header " + header.name + " is repeated";
    seen = &header.value;
  }
  if (encoding == nullptr) return {};
  if (length != nullptr) return "Content-Length and Transfer-Encoding together";
  if (!same_name(*encoding, "chunked")) return "a Transfer-Encoding other than chunked";
  return {};
}

}  // namespace rolecall::http
