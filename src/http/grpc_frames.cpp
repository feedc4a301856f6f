#include "http/grpc_frames.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::http {
namespace {

constexpr std::size_t prefix_size = 5;

std::size_t number_in(std::string_view four_bytes) {
  std::size_t number = 0;
  for (const char byte : four_bytes)
    number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

void GrpcFrames::add(std::string_view bytes) {
  while (!bytes.empty()) {
    // First the prefix, then the message: never more than one message is kept.
    const bool has_prefix = rest_.size() >= prefix_size;
    const std::size_t size =
        prefix_size + (has_prefix ? number_in(rest_.view().substr(1, 4)) : std::size_t{0});
    const std::string_view part = bytes.substr(0, size - rest_.size());
    rest_.append(part);
    bytes.remove_prefix(part.size());
    if (rest_.size() < prefix_size) return;
    if (!has_prefix) {
      const char flag = rest_.view().front();
      const std::size_t length = number_in(rest_.view().substr(1, 4));
      if (flag == 1) {
        throw Error(ErrorKind::failed, "the message is compressed",
                    "turn compression off at the agent; the Workload API does not use it");
      }
      if (flag != 0) throw Error(ErrorKind::failed, "it is not a message of gRPC");
      if (length > longest_message_) {
        throw Error(ErrorKind::failed, cat("the message has ", length, " bytes, and at most ",
                                           longest_message_, " are allowed"));
      }
      if (length > 0) continue;
    } else if (rest_.size() < size) {
      return;
    }
    newest_.emplace(rest_.view().substr(prefix_size));
    rest_ = Secret();
  }
}

std::optional<Secret> GrpcFrames::take_newest() {
  return std::exchange(newest_, std::nullopt);
}

Secret grpc_frame(std::string_view message) {
  std::array<char, prefix_size> prefix{};
  for (std::size_t i = 0; i < 4; ++i)
    prefix.at(prefix_size - 1 - i) = static_cast<char>(message.size() >> (8 * i) & 0xff);
  Secret frame(std::string_view(prefix.data(), prefix.size()));
  frame.append(message);
  return frame;
}

}  // namespace rolecall::http
