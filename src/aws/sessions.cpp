#include "aws/create_session.h"
#include "base/deadline.h"
#include "base/time.h"
#include "identity/rotation.h"

namespace rolecall {

struct Sessions::State {
  SessionOptions options;
  Reporter reporter;
  aws::SessionRequest request;
  identity::Rotation rotation;
  bool reload_identity = false;  // because the last call failed, and the identity may be the reason

  void load(Deadline& deadline);
  Credentials create();
};

void Sessions::State::load(Deadline& deadline) {
  // A candidate that was not tried yet is also an identity. So it is not loaded again, and nobody
  // must type a PIN again.
  const bool has_identity = rotation.has_identity(wall_clock());
  if (has_identity && !rotation.changed() && !reload_identity) return;
  try {
    rotation.load(wall_clock(), reporter, deadline);
  } catch (const Error& error) {
    if (!rotation.has_identity(wall_clock())) throw;
    reporter.warning(std::string("the certificate and its key cannot be used: ") + error.what() +
                     "; rolecall continues with the previous ones");
  }
}

Credentials Sessions::State::create() {
  Deadline deadline(options.timeout);
  load(deadline);
  const auto ask = [&](const identity::Identity& identity) {
    return aws::open_session(request, options, identity, reporter, deadline);
  };
  return rotation.ask(ask, [this](const Error& error) {
    reporter.warning(std::string("the service refused the new certificate: ") + error.what() +
                     "; rolecall continues with the previous one");
  });
}

Sessions::Sessions(IdentityOptions identity, SessionOptions session, Reporter reporter) {
  aws::SessionRequest request = aws::prepare_session(session);
  identity::Rotation rotation(std::move(identity));
  state_ = std::make_unique<State>(
      State{std::move(session), std::move(reporter), std::move(request), std::move(rotation)});
}

Sessions::~Sessions() = default;
Sessions::Sessions(Sessions&&) noexcept = default;
Sessions& Sessions::operator=(Sessions&&) noexcept = default;

Credentials Sessions::create() {
  try {
    Credentials credentials = state_->create();
    state_->reload_identity = false;
    return credentials;
  } catch (const Error& error) {
    state_->reload_identity = error.kind() != ErrorKind::try_later;
    throw;
  }
}

}  // namespace rolecall
