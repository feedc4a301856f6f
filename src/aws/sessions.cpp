#include "aws/create_session.h"
#include "base/time.h"
#include "identity/rotation.h"

namespace rolecall {

struct Sessions::State {
  SessionOptions options;
  Reporter reporter;
  aws::SessionRequest request;
  identity::Rotation rotation;
  bool suspect = false;  // the last call failed, and the identity may be the reason

  void load();
  Credentials create();
};

void Sessions::State::load() {
  // A candidate that could not be tried yet counts: it is not loaded again, and no PIN asked again.
  const bool has_one = rotation.proven() != nullptr || rotation.candidate() != nullptr;
  if (has_one && !rotation.changed() && !suspect) return;
  try {
    rotation.load(wall_clock(), reporter);
  } catch (const Error& error) {
    if (!has_one) throw;
    reporter.warning(std::string("the certificate and its key cannot be used as they are now: ") +
                     error.what() + "; the ones from before are used");
  }
}

Credentials Sessions::State::create() {
  load();
  const auto ask = [this](const identity::Identity& identity) {
    return aws::open_session(request, options, identity, reporter);
  };
  return rotation.ask(ask, [this](const Error& error) {
    reporter.warning(std::string("the new certificate is refused: ") + error.what() +
                     "; the one from before is used");
  });
}

Sessions::Sessions(IdentityOptions identity, SessionOptions session, Reporter reporter) {
  aws::SessionRequest request = aws::prepare_session(session);
  identity::Rotation rotation(std::move(identity), session.timeout);
  state_ = std::make_unique<State>(
      State{std::move(session), std::move(reporter), std::move(request), std::move(rotation)});
}

Sessions::~Sessions() = default;
Sessions::Sessions(Sessions&&) noexcept = default;
Sessions& Sessions::operator=(Sessions&&) noexcept = default;

Credentials Sessions::create() {
  try {
    Credentials credentials = state_->create();
    state_->suspect = false;
    return credentials;
  } catch (const Error& error) {
    state_->suspect = error.kind() != ErrorKind::try_later;
    throw;
  }
}

}  // namespace rolecall
