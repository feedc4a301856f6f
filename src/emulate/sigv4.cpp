#include "emulate/sigv4.h"

#include <algorithm>

#include "base/codec.h"
#include "base/text.h"
#include "base/time.h"

namespace rolecall::emulate {
namespace {

constexpr std::chrono::minutes allowed_skew{5};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

void set_field(std::string& field, std::string_view name, std::string_view value) {
  if (!field.empty()) {
    throw BadSignature(cat("Authorization has ", name, " twice"));
  }
  field = value;
}

void check_names(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || lower_case(names[i]) != names[i]) {
      throw BadSignature("SignedHeaders must be names in lower case, joined by \";\"");
    }
    if (i > 0 && names[i] <= names[i - 1]) {
      throw BadSignature("SignedHeaders must be sorted and name each header once: \"" + names[i] +
                         "\" comes after \"" + names[i - 1] + "\"");
    }
  }
}

// Encodes all characters except the unreserved ones, in upper case hex (RFC 3986, section 2).
std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
      continue;
    }
    const auto value = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[value >> 4];
    encoded += digits[value & 15];
  }
  return encoded;
}

std::string canonical_query(std::string_view query, EqualsSign equals_sign) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const auto& [name, value] : parse_query(query)) {
    std::string encoded;
    if (equals_sign == EqualsSign::encoded) {
      encoded = percent_encode(value);
    } else {
      for (const std::string_view piece : split(value, '=')) {
        if (piece.data() != value.data()) encoded += "%253D";
        encoded += percent_encode(piece);
      }
    }
    parts.emplace_back(percent_encode(name), std::move(encoded));
  }
  std::sort(parts.begin(), parts.end());
  std::string canonical;
  for (const auto& [name, value] : parts) {
    if (!canonical.empty()) canonical += '&';
    canonical += name + "=" + value;
  }
  return canonical;
}

// Appends the value without white space around it, and with each run of spaces as one space.
void append_value(std::string& canonical, std::string_view value) {
  char previous = 0;
  for (const char c : trim(value)) {
    if (c != ' ' || previous != ' ') canonical += c;
    previous = c;
  }
}

std::string canonical_header(const http::Request& request, const std::string& name) {
  std::string line = name + ":";
  bool found = false;
  for (const http::Header& header : request.headers) {
    if (header.name.size() != name.size() || lower_case(header.name) != name) continue;
    if (found) line += ',';
    found = true;
    append_value(line, header.value);
  }
  if (!found) throw BadSignature("SignedHeaders names \"" + name + "\", which was not sent");
  return line + "\n";
}

}  // namespace

std::string Authorization::scope() const {
  return date + "/" + region + "/" + service + "/aws4_request";
}

Authorization parse_authorization(std::string_view header) {
  header = trim(header);
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos) {
    throw BadSignature(
        "Authorization is not \"<algorithm> Credential=…, SignedHeaders=…, Signature=…\"");
  }
  std::string credential;
  std::string names;
  Authorization result;
  result.algorithm = header.substr(0, space);
  for (std::string_view field : split(header.substr(space + 1), ',')) {
    field = trim(field);
    const std::size_t equals = field.find('=');
    const std::string_view name = field.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
    if (name == "Credential") {
      set_field(credential, name, value);
    } else if (name == "SignedHeaders") {
      set_field(names, name, value);
    } else if (name == "Signature") {
      set_field(result.signature, name, value);
    } else {
      // The message does not show the field: it may be a token or a password of another
      // authentication scheme.
      throw BadSignature(
          "Authorization has a field that is not Credential, SignedHeaders or Signature");
    }
  }
  for (const auto& [name, value] :
       {std::pair("Credential", &credential), std::pair("SignedHeaders", &names),
        std::pair("Signature", &result.signature)}) {
    if (value->empty()) throw BadSignature(cat("Authorization has no ", name));
  }

  const auto parts = split(credential, '/');
  if (parts.size() != 5 ||
      std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); })) {
    throw BadSignature("Credential is not <id>/<YYYYMMDD>/<region>/<service>/aws4_request");
  }
  if (parts[4] != "aws4_request") {
    throw BadSignature("the credential scope does not end with aws4_request");
  }
  result.key_id = parts[0];
  result.date = parts[1];
  result.region = parts[2];
  result.service = parts[3];

  for (const std::string_view name : split(names, ';'))
    result.signed_headers.emplace_back(name);
  check_names(result.signed_headers);
  return result;
}

std::optional<std::string> single_header(const http::Request& request, std::string_view name) {
  std::optional<std::string> value;
  for (const http::Header& header : request.headers) {
    if (header.name.size() != name.size() || lower_case(header.name) != name) continue;
    if (value) throw BadSignature(cat("the header \"", name, "\" was sent twice"));
    value = trim(header.value);
  }
  return value;
}

void require_signed(const Authorization& authorization, const std::vector<std::string>& names) {
  const auto& have = authorization.signed_headers;
  for (const std::string& name : names) {
    if (std::find(have.begin(), have.end(), name) == have.end()) {
      throw BadSignature("the header \"" + name + "\" is not signed");
    }
  }
}

std::string check_date(const http::Request& request, const Authorization& authorization,
                       std::chrono::sys_seconds now) {
  const auto header = single_header(request, "x-amz-date");
  if (!header) throw BadSignature("there is no x-amz-date header");
  const std::string& text = *header;
  const auto date = parse_amz_date(text);
  if (!date) throw BadSignature("x-amz-date \"" + text + "\" is not YYYYMMDD'T'HHMMSS'Z'");
  if (text.substr(0, 8) != authorization.date) {
    throw BadSignature("the credential scope has the date " + authorization.date +
                       ", but x-amz-date has " + text.substr(0, 8));
  }
  const std::string clock =
      "the server's clock says " + amz_date(now) + ", and a difference of 5 minutes is allowed";
  if (*date + allowed_skew < now) {
    throw BadSignature("Signature expired: x-amz-date is " + text + ", " + clock);
  }
  if (*date - allowed_skew > now) {
    throw BadSignature("Signature not yet current: x-amz-date is " + text + ", " + clock);
  }
  return text;
}

std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              EqualsSign equals_sign) {
  std::string canonical = request.method + "\n" + request.path + "\n" +
                          canonical_query(request.query, equals_sign) + "\n";
  std::string names;
  for (const std::string& name : signed_headers) {
    canonical += canonical_header(request, name);
    if (!names.empty()) names += ';';
    names += name;
  }
  return canonical + "\n" + names + "\n" + sha256_hex(request.body);
}

std::string string_to_sign(const Authorization& authorization, std::string_view amz_date,
                           std::string_view canonical_request_sha256) {
  return cat(authorization.algorithm, "\n", amz_date, "\n", authorization.scope(), "\n",
             canonical_request_sha256);
}

std::vector<Parameter> parse_query(std::string_view query) {
  std::vector<Parameter> parameters;
  if (query.empty()) return parameters;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const auto name = percent_decode(part.substr(0, equals));
    const auto value = percent_decode(equals == std::string_view::npos ? std::string_view()
                                                                       : part.substr(equals + 1));
    if (!name || !value) throw BadSignature("the query is not percent-encoded");
    parameters.push_back({*name, *value});
  }
  return parameters;
}

}  // namespace rolecall::emulate
