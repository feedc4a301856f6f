#include "identity/spiffe/spiffe.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/random.h"
#include "base/text.h"
#include "base/waiting.h"
#include "identity/pem.h"
#include "identity/private_key.h"
#include "identity/session_tags.h"
#include "identity/spiffe/agent_error.h"
#include "identity/spiffe/svid_message.h"

namespace rolecall::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t longest_message = std::size_t{4} << 20;
constexpr std::size_t max_certificates = 20;  // of one SVID; the service takes a leaf and five more
// How often svid() asks an agent that is just being started, and how long it waits in between.
constexpr int max_calls = 3;
constexpr milliseconds wait_for_another_call{500};
constexpr seconds longest_wait{60};  // has_news(): between calls that fail

http::GrpcOptions call_options() {
  // The second header shows the agent that no web page or proxy was tricked into the request.
  return {.path = "/SpiffeWorkloadAPI/FetchX509SVID",
          .headers = {{"workload.spiffe.io", "true"}},
          .longest_message = longest_message};
}

std::vector<Certificate> certificates_of(std::string_view der, const std::string& name) {
  std::vector<Certificate> certificates;
  while (!der.empty()) {
    if (certificates.size() == max_certificates) {
      throw Error(ErrorKind::failed,
                  cat(name, " has more than ", max_certificates, " certificates"));
    }
    certificates.emplace_back(der, name);
    der.remove_prefix(certificates.back().der().size());
  }
  return certificates;
}

EvpPkeyPtr key_of(std::string_view pkcs8, const std::string& name) {
  std::vector<PemBlock> blocks;
  blocks.push_back({.label = "PRIVATE KEY", .header = {}, .der = Secret(pkcs8)});
  return private_key_in(blocks, name);
}

bool has_id(const Certificate& leaf, std::string_view id) {
  const std::vector<SessionTag> tags = session_tags(leaf);
  return std::any_of(tags.begin(), tags.end(), [id](const SessionTag& tag) {
    return tag.key() == "x509SAN/URI" && tag.value == id;
  });
}

Svid checked_svid(const SvidFields& fields) {
  const std::string name = cat("the SVID ", fields.id);
  Svid svid{std::string(fields.id), std::string(fields.hint),
            certificates_of(fields.certificates, name), key_of(fields.key, name)};
  const Certificate& leaf = svid.certificates.front();
  if (leaf.public_key() == nullptr || EVP_PKEY_eq(leaf.public_key(), svid.key.get()) != 1) {
    throw Error(ErrorKind::failed, name + " has a private key that does not match its certificate");
  }
  if (!has_id(leaf, fields.id)) {
    throw Error(ErrorKind::failed, name + " has a certificate for another SPIFFE ID");
  }
  return svid;
}

// "spiffe://example.org/app (hint internal)"
std::string offer_text(const SvidFields& fields) {
  constexpr std::size_t longest = 100;
  std::string text = terminal_safe(fields.id.substr(0, 2 * longest));
  if (!fields.hint.empty())
    text += cat(" (hint ", terminal_safe(fields.hint.substr(0, longest)), ")");
  return text;
}

std::string list_of(const std::vector<std::string>& offered) {
  constexpr std::size_t most = 10;
  const std::size_t shown = std::min(offered.size(), most);
  std::string text = join(
      std::vector(offered.begin(), offered.begin() + static_cast<std::ptrdiff_t>(shown)), ", ");
  return shown == offered.size() ? text : cat(text, " and ", offered.size() - shown, " more");
}

Error no_such_identity(const SpiffeSource& source, const std::vector<std::string>& offered) {
  const std::string agent = agent_name(source);
  if (offered.empty()) {
    return {ErrorKind::try_later, agent + " has no identity for this process",
            "no identity is registered for this process yet, or the last one was removed"};
  }
  return {ErrorKind::try_later,
          cat(agent, " has no identity with the ",
              source.id.empty() ? cat("hint ", terminal_safe(source.hint))
                                : cat("SPIFFE ID ", source.id),
              " for this process"),
          cat("the agent offers ", list_of(offered))};
}

bool is_same(const std::optional<Svid>& a, const Svid& b) {
  return a && a->certificates == b.certificates && EVP_PKEY_eq(a->key.get(), b.key.get()) == 1;
}

}  // namespace

SpiffeAgent::SpiffeAgent(const Source& source, const Clock& clock)
    : source_(parse_spiffe_source(source.text())), clock_(clock) {
  if (source_.names_agent()) return;
  throw Error(ErrorKind::usage, cat("`certificate` ", source.name(), " names no SPIFFE agent"),
              "give the agent's socket: spiffe:unix:///run/spire/agent.sock");
}

const Svid& SpiffeAgent::svid(std::chrono::sys_seconds now, const Reporter& reporter,
                              Deadline& deadline) {
  read(milliseconds(0));
  // An agent that does not renew in time may hang, or its connection may be broken.
  const bool has_expired = svid_ && now > svid_->certificates.front().not_after();
  if (call_ && is_answered_ && has_expired) call_.reset();
  const std::size_t messages_before = messages_;
  if (!call_ || !is_answered_) await_answer(reporter, deadline);
  has_news_ = false;
  // An agent may end the call after its message. The SVID is then still the current one.
  const bool is_current = svid_ && (!problem_ || messages_ != messages_before);
  if (!is_current) throw Error(*problem_);
  reporter.trace([this] {
    return cat(agent_name(source_), " offers ", list_of(offered_), "; in use: ", svid_->id);
  });
  return *svid_;
}

// Returns after a message, or when problem_ is set.
void SpiffeAgent::await_answer(const Reporter& reporter, Deadline& deadline) {
  const Waiting waiting("an identity of " + agent_name(source_));
  reporter.trace([this] { return "asking " + agent_name(source_) + " for an identity"; });
  const std::size_t messages_before = messages_;
  for (int calls = 1;; ++calls) {
    if (!call_) begin_call();
    while (call_ && !is_answered_ && !deadline.passed())
      read(deadline.left());
    if (messages_ != messages_before) return;
    if (call_) end_call(silent_agent_error(source_, deadline.limit()));
    if (!another_call_may_help_ || calls == max_calls || deadline.left() <= wait_for_another_call)
      return;
    clock_.wait(wait_for_another_call);
  }
}

bool SpiffeAgent::has_news() {
  read(milliseconds(0));
  if (!call_ && clock_.steady() >= next_call_) {
    begin_call();
    read(milliseconds(0));
  }
  return has_news_;
}

void SpiffeAgent::begin_call() {
  is_answered_ = false;
  another_call_may_help_ = false;
  call_ = std::make_unique<http::GrpcCall>(http::GrpcServer{source_.socket, source_.address},
                                           call_options());
}

void SpiffeAgent::read(milliseconds wait) {
  if (!call_) return;
  call_->work(wait);
  if (const auto message = call_->take_newest_message()) take(message->view());
  if (!call_ || !call_->end()) return;
  const http::GrpcEnd end = *call_->end();
  const bool has_status = end.how == http::GrpcEnd::How::status;
  another_call_may_help_ = end.how == http::GrpcEnd::How::closed ||
                           end.how == http::GrpcEnd::How::no_answer ||
                           (has_status && end.status == grpc_unavailable);
  if (has_status && end.status == grpc_permission_denied) withdraw();
  end_call(agent_error(source_, end));
  const bool is_final =
      has_status && (end.status == grpc_invalid_argument || end.status == grpc_unimplemented);
  if (is_final) next_call_ = std::chrono::steady_clock::time_point::max();
}

void SpiffeAgent::take(std::string_view message) {
  try {
    const std::vector<SvidFields> all = read_svid_message(message);
    offered_.clear();
    for (const SvidFields& one : all)
      offered_.push_back(offer_text(one));
    const auto chosen = std::find_if(all.begin(), all.end(), [this](const SvidFields& one) {
      return source_.id.empty() ? source_.hint.empty() || one.hint == source_.hint
                                : one.id == source_.id;
    });
    if (chosen == all.end()) {
      withdraw();
      set_problem(no_such_identity(source_, offered_));
    } else {
      use(checked_svid(*chosen));
    }
    is_answered_ = true;
    ++messages_;
    failed_calls_ = 0;
  } catch (const Error& error) {
    // A hint about a file helps nobody here.
    const bool is_about_file = error.kind() == ErrorKind::usage;
    end_call(unusable_answer_error(source_,
                                   is_about_file ? Error(ErrorKind::failed, error.what()) : error));
  }
}

void SpiffeAgent::use(Svid svid) {
  has_news_ = has_news_ || problem_ || !is_same(svid_, svid);
  svid_ = std::move(svid);
  problem_.reset();
  has_withdrawn_ = false;
}

void SpiffeAgent::withdraw() {
  svid_.reset();
  has_withdrawn_ = true;
}

void SpiffeAgent::end_call(Error why) {
  set_problem(std::move(why));
  call_.reset();
  next_call_ = clock_.steady();
  // After a call that worked, the next one comes at once, because the agent may have been
  // restarted.
  if (std::exchange(is_answered_, false)) return;
  const seconds longest = failed_calls_ < 6 ? seconds(1 << failed_calls_) : longest_wait;
  ++failed_calls_;
  next_call_ += milliseconds(static_cast<milliseconds::rep>(
      random_fraction() * static_cast<double>(milliseconds(longest).count())));
}

void SpiffeAgent::set_problem(Error why) {
  has_news_ = has_news_ || !problem_ || std::string_view(problem_->what()) != why.what();
  problem_ = std::move(why);
}

}  // namespace rolecall::identity
