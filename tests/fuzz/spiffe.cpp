// What a SPIFFE agent sends: frames of gRPC, the message in them; and sources that name an agent.
#include "base/spiffe_source.h"
#include "http/grpc_frames.h"
#include "identity/spiffe/svid_message.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

constexpr std::size_t longest_message = 100000;

bool is_part_of(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void read_message(std::string_view message) {
  refuses([&] {
    for (const identity::SvidFields& svid : identity::read_svid_message(message)) {
      require(is_spiffe_id(svid.id), "an SVID has a SPIFFE ID");
      require(!svid.certificates.empty() && !svid.key.empty() && !svid.bundle.empty(),
              "an SVID is complete");
      for (const auto part : {svid.id, svid.certificates, svid.key, svid.bundle, svid.hint})
        require(is_part_of(part, message), "a field is in its message");
    }
  });
}

// However the bytes are split, the messages are the same.
void read_frames(std::string_view body) {
  http::GrpcFrames whole(longest_message);
  http::GrpcFrames parts(longest_message);
  const bool is_refused = refuses([&] { whole.add(body); });
  const bool parts_are_refused = refuses([&] {
    for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size % 7 + 1)
      parts.add(body.substr(at, size));
  });
  require(is_refused == parts_are_refused, "parts are refused like the whole");
  const auto message = whole.take_newest();
  const auto same = parts.take_newest();
  require(message.has_value() == same.has_value(), "parts have a message like the whole");
  if (!message) return;
  require(message->view() == same->view(), "parts have the same message");
  require(message->size() <= longest_message, "a message is not too long");
  read_message(message->view());
}

void read_source(std::string_view text) {
  if (!is_spiffe_source(text)) return;
  refuses([&] {
    const SpiffeSource source = parse_spiffe_source(text);
    require(source.hint.empty() || source.id.empty(), "a source has one choice");
    if (source.names_agent()) {
      const SpiffeSource again = parse_spiffe_source("spiffe:" + source.endpoint());
      require(again.socket == source.socket && again.address == source.address,
              "an endpoint reads as itself");
    }
  });
}

void run(std::string_view input) {
  read_message(input);
  read_frames(input);
  read_source(input);
}

std::string field(char number, std::string_view content) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         std::string(content);
}

std::vector<std::string> seeds() {
  const std::string svid = field(1, "spiffe://a/b") + field(2, "certificates") + field(3, "key") +
                           field(4, "bundle") + field(5, "hint");
  const std::string message =
      field(1, svid) + field(2, "crl") + field(3, field(1, "a") + field(2, "b")) + field(1, svid);
  return {message,
          std::string(http::grpc_frame(message).view()) + std::string(http::grpc_frame("").view()),
          std::string("\1\0\0\0\0", 5),
          "spiffe:",
          "spiffe:unix:///run/agent.sock?hint=a%20b",
          "spiffe:tcp://[::1]:8081?id=spiffe://a/b",
          "spiffe://example.org/app"};
}

const Registration target({"spiffe", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
