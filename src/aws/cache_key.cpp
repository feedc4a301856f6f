#include "aws/cache_key.h"

#include <unistd.h>

#include "base/files.h"
#include "base/pkcs11_uri.h"
#include "identity/identity.h"
#include "identity/tpm.h"

namespace rolecall::aws {
namespace {

class Key {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (value.find('\n') != std::string_view::npos)
      usable_ = false;  // it could pass for more lines
    text_.append(text_.empty() ? "" : "\n").append(name).append("=").append(value);
  }
  void add_switch(std::string_view name, bool value) { add(name, value ? "true" : ""); }

  // Device and inode tell files apart, size and times their contents; ctime cannot be set back.
  void add_file(std::string_view name, const std::string& path) {
    if (path.empty()) return;
    const std::string stamp = file_stamp(path);
    if (stamp.empty()) usable_ = false;
    add(name, path + " " + stamp);
  }

  // A file, a stream, or the URI of something in hardware. Of a URI's query (RFC 7512)
  // what names the module alone, as a PIN may stand there too.
  void add_source(std::string_view name, const std::string& source) {
    if (is_pkcs11_uri(source)) {
      const std::size_t query = source.find('?');
      std::string value = without_pin(source.substr(0, query));
      for (std::size_t at = query; at != std::string::npos; at = source.find('&', at + 1)) {
        const std::string part = source.substr(at + 1, source.find('&', at + 1) - at - 1);
        if (part.starts_with("module-")) value += "?" + part;
      }
      add(name, value);
    } else if (identity::is_tpm_handle(source)) {
      add(name, source);
    } else if (input_descriptor(source) >= 0) {
      usable_ = false;
    } else {
      add_file(name, source);
    }
  }

  std::string text() && { return usable_ ? std::move(text_) : std::string(); }

 private:
  std::string text_;
  bool usable_ = true;
};

}  // namespace

std::string cache_key(const IdentityOptions& options, const SessionOptions& session) {
  // By their number, so that this does not compile when there is one more: does it belong here?
  const auto& [certificate, private_key, intermediates, password_unused, selector_unused,
               use_latest_unused, pkcs11_module, reuse_pin_unused, no_password_unused] = options;
  const auto& [role, profile, trust_anchor, session_name, duration, region, endpoint, use_fips,
               use_dualstack, verify_tls, ca_bundle, ca_directory, use_proxy, proxy_unused,
               connect_timeout, timeout] = session;
  // One on a token may be another one tomorrow, under the same name.
  if (identity::certificate_is_on_token(options)) return {};
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
  // What came from a server that nobody verified must not pass for what a verified one said.
  key.add_switch("no-verify", !verify_tls);
  key.add_file("ca-bundle", ca_bundle);
  key.add_file("ca-directory", ca_directory);
  key.add_switch("proxy", use_proxy);
  key.add_source("certificate", certificate);
  key.add_source("key", private_key);
  key.add_source("intermediates", intermediates);
  key.add("module", pkcs11_module);
  return std::move(key).text();
}

}  // namespace rolecall::aws
