// What the text of a source says about a SPIFFE agent: where the agent is, and which of its
// identities is meant.
#pragma once

#include <string>
#include <string_view>

namespace rolecall {

struct SpiffeSource {
  std::string socket = {};   // the absolute path of the agent's Unix socket; or empty
  std::string address = {};  // "127.0.0.1:8081"; or empty. If both are empty, there is no agent
  // Which identity is meant. If both are empty, the agent's default is meant, which is its first.
  std::string hint = {};
  std::string id = {};  // spiffe://TRUST_DOMAIN/PATH

  bool names_agent() const { return !socket.empty() || !address.empty(); }
  // As SPIFFE_ENDPOINT_SOCKET contains it: "unix:///run/spire/agent.sock".
  std::string endpoint() const;
};

// Whether the text begins with "spiffe:".
bool is_spiffe_source(std::string_view text);

// Reads one of these, each of which may be followed by "?hint=NAME" or "?id=spiffe://…":
//   spiffe:                     the agent that the environment names
//   spiffe:unix:///run/a.sock   a Unix socket; spiffe:unix:/run/a.sock and spiffe:/run/a.sock are
//                               the same
//   spiffe:tcp://127.0.0.1:81   a port of this machine
// or "spiffe://TRUST_DOMAIN/PATH", a SPIFFE ID, which is the same as "spiffe:?id=…". In NAME, "%20"
// is a space. Throws Error (usage) for anything else. A TCP address must be an address of this
// machine, because the private key is not encrypted on its way.
SpiffeSource parse_spiffe_source(std::string_view text);

// The text of the same source at the agent `endpoint`. Throws Error (usage) if `endpoint` is not of
// the form that SPIFFE_ENDPOINT_SOCKET must have: unix:///PATH or tcp://ADDRESS:PORT.
std::string with_spiffe_endpoint(std::string_view text, const std::string& endpoint);

// Whether the text can be a SPIFFE ID: spiffe://TRUST_DOMAIN/PATH.
bool is_spiffe_id(std::string_view text);

}  // namespace rolecall
