#include "cache/cache_key.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "identity/hardware/hardware.h"

namespace rolecall::aws {
namespace {

// Of the URI's query (RFC 7512), keeps only the attributes that name the module. The query may also
// contain a PIN, which must not get into the key.
std::string object_and_module(const std::string& uri) {
  const std::size_t query = uri.find('?');
  std::string text = without_pin(uri.substr(0, query));
  for (std::size_t at = query; at != std::string::npos; at = uri.find('&', at + 1)) {
    const std::string part = uri.substr(at + 1, uri.find('&', at + 1) - at - 1);
    if (part.starts_with("module-")) text += "?" + part;
  }
  return text;
}

class Key {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (value.find('\n') != std::string_view::npos)
      do_not_cache("the value of " + std::string(name) + " contains a line feed");
    text_.append(text_.empty() ? "" : "\n").append(name).append("=").append(value);
  }
  void add_switch(std::string_view name, bool value) { add(name, value ? "true" : ""); }

  // Device and inode tell files apart; size and times tell their contents apart. ctime cannot be
  // set back.
  void add_file(std::string_view name, const std::string& path) {
    if (path.empty()) return;
    const std::string stamp = file_stamp(path);
    if (stamp.empty()) do_not_cache(path + " cannot be found");
    add(name, std::filesystem::absolute(path).lexically_normal().string() + " " + stamp);
  }

  // Trusted roots. They may be missing, because plain http does not need them.
  void add_roots(std::string_view name, const std::string& path) {
    if (!path.empty()) add(name, path + " " + file_stamp(path));
  }

  void add_source(std::string_view name, const Source& source) {
    switch (source.kind()) {
      case Source::Kind::none:
      case Source::Kind::spiffe:  // is never cached
        return;
      case Source::Kind::file:
        return add_file(name, source.text());
      case Source::Kind::stream:
        return do_not_cache(std::string(name) + " comes from a stream");
      case Source::Kind::token:
        return add(name, object_and_module(source.text()));
      case Source::Kind::tpm:
        return add(name, source.text());
    }
  }

  CacheKey result() && {
    if (!reason_not_cached_.empty()) text_.clear();
    return {std::move(text_), std::move(reason_not_cached_)};
  }

 private:
  void do_not_cache(const std::string& why) {
    if (reason_not_cached_.empty()) reason_not_cached_ = why;
  }

  std::string text_;
  std::string reason_not_cached_;
};

}  // namespace

CacheKey cache_key(const IdentityOptions& options, const SessionOptions& session) {
  // All members are listed here. If a member is added, this does not compile, so that somebody
  // decides whether it must be part of the key.
  const auto& [certificate, private_key, intermediates, password_unused, selector_unused,
               use_latest_unused, pkcs11_module, reuse_pin_unused, no_password_unused,
               pkcs12_entry] = options;
  const auto& [role, profile, trust_anchor, session_name, duration, region, endpoint, use_fips,
               use_dualstack, verify_tls, ca_bundle, ca_directory, use_proxy, proxy_unused,
               proxy_has_user, connect_timeout, timeout] = session;
  if (identity::certificate_is_on_token(options)) {
    return {"", "the certificate is on a token, which may contain another certificate later"};
  }
  if (certificate.kind() == Source::Kind::spiffe)
    return {"", "a SPIFFE agent decides for each process which identity it gets"};
  Key key;
  key.add("user", std::to_string(geteuid()));
  key.add("role", role);
  key.add("profile", profile);
  key.add("trust-anchor", trust_anchor);
  key.add("session-name", session_name);
  key.add("duration", std::to_string(duration.count()));
  key.add("region", region);
  key.add("endpoint", endpoint);
  key.add_switch("fips", use_fips);
  key.add_switch("dualstack", use_dualstack);
  // Credentials from a server that was not verified must not be used in a run that verifies the
  // server.
  key.add_switch("no-verify", !verify_tls);
  key.add_roots("ca-bundle", ca_bundle);
  // Directories are separated by ":", as in SSL_CERT_DIR.
  for (std::size_t begin = 0; begin < ca_directory.size();) {
    const std::size_t end = std::min(ca_directory.find(':', begin), ca_directory.size());
    key.add_roots("ca-directory", ca_directory.substr(begin, end - begin));
    begin = end + 1;
  }
  key.add_switch("proxy", use_proxy);
  key.add_source("certificate", certificate);
  key.add_source("key", private_key);
  key.add_source("intermediates", intermediates);
  key.add("module", pkcs11_module);
  key.add("pkcs12-entry", pkcs12_entry);
  return std::move(key).result();
}

}  // namespace rolecall::aws
