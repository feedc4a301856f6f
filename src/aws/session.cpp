// The one call of the public API: identity and session options in, credentials out.
#include "rolecall/session.h"
#include "base/time.h"

#include "aws/create_session.h"
#include "aws/retry.h"
#include "http/client.h"
#include "identity/identity.h"

namespace rolecall {

Credentials create_session(const IdentityOptions& identity_options,
                           const SessionOptions& session_options, const Reporter& reporter) {
  const auto now = wall_clock();
  // What costs nothing to check comes first: the flags, then the files, then the network.
  const aws::SessionRequest request = aws::prepare_session(session_options);
  reporter.trace(
      [&request] { return "endpoint " + request.origin.text() + ", region " + request.region; });
  const identity::Identity identity = identity::load_identity(identity_options, now, reporter);
  // Not before: a person may take a while to type the key's password.
  const http::Deadline deadline = std::chrono::steady_clock::now() + session_options.timeout;
  if (!session_options.verify_tls && request.origin.scheme == "https") {
    reporter.warning("--no-verify-ssl: anyone on the network's path can read the credentials");
  }
  http::ClientOptions client_options;
  client_options.verify_tls = session_options.verify_tls;
  client_options.trust = {session_options.ca_directory, session_options.ca_bundle};
  client_options.use_proxy = session_options.use_proxy;
  client_options.proxy_unused = session_options.proxy_unused;
  client_options.connect_timeout = session_options.connect_timeout;
  http::Client client(request.origin, client_options, reporter);
  return aws::send_with_retries(client, request, identity, deadline, reporter);
}

}  // namespace rolecall
