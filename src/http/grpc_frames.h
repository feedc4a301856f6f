// The messages of a gRPC stream. In an HTTP body, each message follows five bytes: a flag, which is
// 1 if the message is compressed, and its length (gRPC over HTTP2, "Length-Prefixed-Message").
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "rolecall/secret.h"

namespace rolecall::http {

class GrpcFrames {
 public:
  explicit GrpcFrames(std::size_t longest_message) : longest_message_(longest_message) {}

  // Takes the next bytes of the body. Throws Error (failed) for a compressed message, for an
  // unknown flag and for a message that is too long.
  void add(std::string_view bytes);

  // Removes and returns the newest message that is complete. The messages before it are dropped.
  std::optional<Secret> take_newest();

  bool has_message() const { return newest_.has_value(); }

 private:
  std::size_t longest_message_;
  Secret rest_;  // the beginning of a message
  std::optional<Secret> newest_;
};

// A message in this form.
Secret grpc_frame(std::string_view message);

}  // namespace rolecall::http
