// A call of a gRPC server on this machine that answers with a stream of messages.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"
#include "rolecall/error.h"
#include "rolecall/secret.h"

namespace rolecall::http {

// Where the server is. Exactly one is not empty.
struct GrpcServer {
  std::string socket;   // the path of a Unix socket
  std::string address;  // "127.0.0.1:8081", "[::1]:8081"
};

struct GrpcOptions {
  std::string path;  // "/Service/Method"
  Headers headers;   // besides those of gRPC
  std::size_t longest_message = 0;
};

// How a call ended.
struct GrpcEnd {
  enum class How {
    status,         // the server sent a status
    no_connection,  // nothing was sent; see os_error
    no_answer,      // the connection ended before the answer was complete, or is not HTTP/2
    no_grpc,        // the server does not speak gRPC; see http_status
    bad_message,    // see problem
    closed,         // the connection or the stream ended without a status
  };
  How how = How::closed;
  int status = 0;                // grpc-status; 0 is OK
  std::string message;           // grpc-message; may contain any character
  int http_status = 0;           // 0: the answer is not HTTP/2
  int os_error = 0;              // errno; 0: unknown
  std::optional<Error> problem;  // what GrpcFrames says
};

// Has no thread: it sends and receives only during work(). Not thread-safe.
class GrpcCall {
 public:
  // Makes the call with an empty message. Sends nothing yet. Throws Error (failed) if libcurl
  // cannot be loaded or lacks HTTP/2.
  GrpcCall(const GrpcServer& server, const GrpcOptions& options);
  ~GrpcCall();
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  // Sends and receives until there is a message, until the call has ended, or until `wait` is over.
  // If `wait` is 0, does what can be done without waiting.
  void work(std::chrono::milliseconds wait);

  // Removes and returns the newest message. A caller for which each message replaces those before
  // it misses nothing.
  std::optional<Secret> take_newest_message();

  // How the call ended; nullopt while it goes on.
  const std::optional<GrpcEnd>& end() const;

 private:
  struct Transfer;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace rolecall::http
