#include "aws/create_session.h"

#include "base/time.h"
#include "http/client.h"
#include "rolecall/session.h"

namespace rolecall {

http::ClientOptions aws::client_options(const SessionOptions& options) {
  http::ClientOptions client_options;
  client_options.verify_tls = options.verify_tls;
  client_options.ca_store = {options.ca_directory, options.ca_bundle};
  client_options.use_proxy = options.use_proxy;
  client_options.proxy_unused = options.proxy_unused;
  client_options.proxy_has_user = options.proxy_has_user;
  client_options.connect_timeout = options.connect_timeout;
  return client_options;
}

Credentials aws::open_session(const SessionRequest& request, const SessionOptions& options,
                              const identity::Identity& identity, const Reporter& reporter,
                              const Deadline& deadline, int attempts) {
  if (deadline.passed()) {
    throw Error(ErrorKind::try_later,
                "reading the certificate and its key took longer than `timeout` allows",
                "find out why the files or the hardware are slow, or set a longer `timeout`");
  }
  for (const std::string& warning : request.warnings)
    reporter.warning(warning);
  if (!options.verify_tls && request.origin.scheme == "https") {
    reporter.warning(
        "`no-verify-ssl` is set: anyone on the path through the network can read the credentials");
  }
  http::Client client(request.origin, client_options(options), reporter);
  const auto send = [&](const http::Headers& headers) {
    return client.post(sessions_path, headers, request.body, deadline);
  };
  return send_with_retries(send, request, identity, deadline, reporter, attempts);
}

Credentials create_session(const IdentityOptions& identity_options,
                           const SessionOptions& session_options, const Reporter& reporter) {
  // The cheap checks come first: the options, then the files, then the network.
  const aws::SessionRequest request = aws::prepare_session(session_options);
  reporter.trace(
      [&request] { return "endpoint " + request.origin.text() + ", region " + request.region; });
  Deadline deadline(session_options.timeout);
  const identity::Identity identity =
      identity::load_identity(identity_options, wall_clock(), reporter, deadline);
  return aws::open_session(request, session_options, identity, reporter, deadline);
}

}  // namespace rolecall
