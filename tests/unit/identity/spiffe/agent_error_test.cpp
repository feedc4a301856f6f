#include "identity/spiffe/agent_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "unit/support/scratch_directory.h"

namespace rolecall::identity {
namespace {

using http::GrpcEnd;
using testing::HasSubstr;

const SpiffeSource agent = {.socket = "/nonexistent/agent.sock"};

GrpcEnd status(int number, std::string message = {}) {
  GrpcEnd end;
  end.how = GrpcEnd::How::status;
  end.status = number;
  end.message = std::move(message);
  return end;
}

GrpcEnd no_connection(int error) {
  GrpcEnd end;
  end.how = GrpcEnd::How::no_connection;
  end.os_error = error;
  return end;
}

TEST(AgentError, SaysThatNothingIsRegistered) {
  const Error error = agent_error(agent, status(grpc_permission_denied, "no identity issued"));
  EXPECT_EQ(error.kind(), ErrorKind::try_later);
  EXPECT_STREQ(error.what(),
               "SPIFFE agent unix:///nonexistent/agent.sock has no identity for this process (it "
               "says: no identity issued)");
  EXPECT_THAT(error.hint(), HasSubstr("no identity is registered for this process yet"));
}

TEST(AgentError, KnowsWhichStatusIsFinal) {
  for (int number = 0; number <= 16; ++number) {
    const Error error = agent_error(agent, status(number));
    EXPECT_NE(error.kind(), ErrorKind::usage) << number;
    EXPECT_FALSE(error.hint().empty()) << number;
  }
  for (const int number : {grpc_invalid_argument, grpc_unimplemented, 16, 17, -1, 1000000})
    EXPECT_EQ(agent_error(agent, status(number)).kind(), ErrorKind::failed) << number;
  for (const int number : {0, grpc_permission_denied, grpc_unavailable, 2, 4, 13})
    EXPECT_EQ(agent_error(agent, status(number)).kind(), ErrorKind::try_later) << number;
}

TEST(AgentError, MakesTheMessageOfTheAgentSafe) {
  const Error error = agent_error(agent, status(13, "\x1b[31m" + std::string(1000, 'x')));
  EXPECT_THAT(error.what(), HasSubstr("failed with the gRPC status INTERNAL (it says:  [31mxxx"));
  EXPECT_LT(std::string_view(error.what()).size(), 400U);
}

TEST(AgentError, ExplainsWhyThereIsNoConnection) {
  const ScratchDirectory directory;
  EXPECT_THAT(agent_error(agent, no_connection(0)).what(), HasSubstr("agent.sock cannot be found"));
  std::ofstream(directory / "file") << "x";
  const SpiffeSource file = {.socket = directory / "file"};
  const Error no_socket = agent_error(file, no_connection(ECONNREFUSED));
  EXPECT_THAT(no_socket.what(), HasSubstr("is not a socket"));
  EXPECT_EQ(no_socket.kind(), ErrorKind::usage);
  const Error denied = agent_error(file, no_connection(EACCES));
  EXPECT_THAT(denied.what(), HasSubstr("this user may not connect to"));
  EXPECT_EQ(denied.kind(), ErrorKind::usage);
  const SpiffeSource port = {.address = "127.0.0.1:81"};
  EXPECT_STREQ(agent_error(port, no_connection(ECONNREFUSED)).what(),
               "cannot connect to SPIFFE agent tcp://127.0.0.1:81: Connection refused");
}

TEST(AgentError, ExplainsOtherServers) {
  GrpcEnd end;
  end.how = GrpcEnd::How::no_answer;
  EXPECT_THAT(agent_error(agent, end).what(), HasSubstr("gave no complete answer in HTTP/2"));
  EXPECT_EQ(agent_error(agent, end).kind(), ErrorKind::try_later);
  end.how = GrpcEnd::How::no_grpc;
  end.http_status = 404;
  EXPECT_THAT(agent_error(agent, end).what(), HasSubstr("does not speak gRPC: HTTP status 404"));
  end.how = GrpcEnd::How::closed;
  EXPECT_EQ(agent_error(agent, end).kind(), ErrorKind::try_later);
}

}  // namespace
}  // namespace rolecall::identity
