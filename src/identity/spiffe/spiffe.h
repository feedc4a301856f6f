// A certificate, its chain and its key from a SPIFFE agent, by the SPIFFE Workload API. Code in
// other folders includes only this header of the folder.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/openssl.h"
#include "base/spiffe_source.h"
#include "http/grpc_call.h"
#include "identity/certificate.h"
#include "rolecall/error.h"
#include "rolecall/reporter.h"
#include "rolecall/source.h"

namespace rolecall::identity {

// An X.509-SVID: what an agent gives for one SPIFFE ID.
struct Svid {
  std::string id;
  std::string hint;                       // may be empty
  std::vector<Certificate> certificates;  // the leaf, then its chain
  EvpPkeyPtr key;                         // the leaf's
};

// An agent, and the newest SVID that it has given. The agent keeps the call open, and sends a
// message for each change. There is no thread: messages are read during has_news() and svid(). Only
// one thread at a time may use an object.
class SpiffeAgent {
 public:
  // Connects to nothing yet. `clock` decides when to connect again. Throws Error (usage) if the
  // source names no agent.
  explicit SpiffeAgent(const Source& source, const Clock& clock = machine_clock());

  // Returns the SVID that the source chooses. If the call is open and the SVID has not expired,
  // this is the one of the newest message. Otherwise, connects, and waits for a message until
  // `deadline`. The result is valid until the next call of svid() or has_news().
  //
  // Throws Error: usage if this user may not use the socket; failed if the agent does not speak the
  // Workload API or sends what is malformed; try_later if the agent cannot be reached, does not
  // answer, or has no such identity for this process.
  const Svid& svid(std::chrono::sys_seconds now, const Reporter& reporter, Deadline& deadline);

  // Reads what the agent has sent, without waiting. If the call has ended, begins a new one when
  // its time has come. Returns whether svid() would return another SVID than the last time, or fail
  // in another way.
  bool has_news();

  // Whether the newest answer of the agent was that it has no such identity for this process. Then
  // the last SVID must not be used any more.
  bool has_withdrawn() const { return has_withdrawn_; }

 private:
  void begin_call();
  void read(std::chrono::milliseconds wait);
  void take(std::string_view message);
  void use(Svid svid);
  void withdraw();
  void end_call(Error why);
  void set_problem(Error why);
  void await_answer(const Reporter& reporter, Deadline& deadline);

  SpiffeSource source_;
  const Clock& clock_;
  std::unique_ptr<http::GrpcCall> call_;
  bool is_answered_ = false;            // there was a message in this call
  std::size_t messages_ = 0;            // those that were well-formed
  bool another_call_may_help_ = false;  // although the last one failed
  std::optional<Svid> svid_;            // the newest; nothing if it was withdrawn
  std::optional<Error> problem_;        // why svid_ is not the agent's current state
  bool has_withdrawn_ = false;
  bool has_news_ = false;
  std::vector<std::string> offered_;  // by the last message, for people
  int failed_calls_ = 0;              // since the last message
  std::chrono::steady_clock::time_point next_call_{};
};

}  // namespace rolecall::identity
