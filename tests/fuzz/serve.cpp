// What serve's port is sent: bytes through the real HTTP server to everything that serve answers.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include "base/files.h"
#include "serve/server_options.h"
#include "target.h"
#include "unit/serve/support.h"

namespace rolecall::fuzz {
namespace {

using serve::test::now;

const std::string container_token(64, 'f');
constexpr std::string_view secret = "secretsecretsecret";  // a part of the credentials' own

// A server on a port of its own. The clock stands still.
class Scene {
 public:
  Scene() {
    binding_.publish(serve::test::valid_status());
    http::Listener listener;
    serve::ServiceOptions options;
    options.address = listener.name();
    options.bindings = {&binding_};
    options.imds = &binding_;
    options.containers.push_back({&binding_, Secret(container_token)});
    service_ = std::make_unique<serve::Service>(std::move(options), log_);
    server_ = std::make_unique<http::Server>(
        std::move(listener), serve::options_of_server(*service_),
        [this](const http::Request& request) { return service_->handle(request, now); });
    pinged_ = std::make_unique<Descriptor>(connected());
    imds_token_ =
        ask("PUT /latest/api/token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nConnection: close\r\n\r\n");
    imds_token_.erase(0, imds_token_.find("\r\n\r\n") + 4);
    require(!imds_token_.empty(), "IMDS gives a token");
  }

  const std::string& imds_token() const { return imds_token_; }

  // What the server answers to these bytes. An unfinished request keeps its connection open for
  // seconds; one thread serves everybody, so what it answers is there once it has answered others.
  std::string ask(std::string_view bytes) {
    const Descriptor client(connected());
    send_all(client.fd(), bytes);
    std::string answer;
    for (int round = 0; round < 3; ++round) {
      // A server with many connections ends each with its answer.
      if (!is_pinged()) pinged_ = std::make_unique<Descriptor>(connected());
      answer += receive(client.fd(), MSG_DONTWAIT);
    }
    require(is_pinged() || (pinged_ = std::make_unique<Descriptor>(connected()), is_pinged()),
            "the server goes on answering others");
    return answer;
  }

 private:
  static constexpr std::string_view ping = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

  int connected() const {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
            "the server can be connected to");
    return client;
  }

  static void send_all(int client, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has seen enough
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  bool is_pinged() const {
    send_all(pinged_->fd(), ping);
    return !receive(pinged_->fd(), 0).empty();
  }

  static std::string receive(int client, int flags) {
    std::array<char, 16384> part{};
    const ssize_t size = recv(client, part.data(), part.size(), flags);
    return {part.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  serve::Log log_{serve::Log::Format::json, [](const std::string&) { return true; }};
  serve::Binding binding_{serve::test::binding_options()};
  std::unique_ptr<serve::Service> service_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<Descriptor> pinged_;
  std::string imds_token_;
};

Scene& scene() {
  static Scene made;
  return made;
}

// "TOKEN" stands for a token that IMDS has given: seeds are made before there is one.
std::string with_token(std::string_view input) {
  constexpr std::string_view placeholder = "TOKEN";
  std::string text(input);
  for (std::size_t at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + 1)) {
    text.replace(at, placeholder.size(), scene().imds_token());
  }
  return text;
}

// A refusal repeats the request's host, in lower case, and its path; there quotes are escaped.
bool holds_credentials(const std::string& answer, std::string request) {
  if (answer.find("\"SecretAccessKey\":\"") != std::string::npos) return true;
  std::ranges::transform(request, request.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return answer.find(secret) != std::string::npos && request.find("secret") == std::string::npos;
}

void run(std::string_view input) {
  const std::string request = with_token(input);
  const std::string answer = scene().ask(request);
  require(answer.empty() || answer.starts_with("HTTP/1."), "an answer is one of HTTP");
  if (!holds_credentials(answer, request)) return;
  require(request.find(scene().imds_token()) != std::string::npos ||
              request.find(container_token) != std::string::npos,
          "credentials are given for a token only");
}

std::vector<std::string> seeds() {
  const std::string host = " HTTP/1.1\r\nHost: 127.0.0.1:9911\r\n";
  return {
      "PUT /latest/api/token" + host + "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n",
      "GET /latest/meta-data/iam/security-credentials/" + host +
          "x-aws-ec2-metadata-token: TOKEN\r\n\r\nGET /latest/meta-data/placement/region" + host +
          "x-aws-ec2-metadata-token: TOKEN\r\n\r\n",
      "GET //latest/meta-data/iam/security-credentials/Example/" + host +
          "x-aws-ec2-metadata-token: TOKEN\r\n\r\n",
      "GET /credentials/default" + host + "Authorization: " + container_token + "\r\n\r\n",
      "GET /healthz HTTP/1.0\r\n\r\n",
      "GET http://127.0.0.1:9911/metrics?x=%00" + host + "Connection: close\r\n\r\n",
      "POST /credentials/default" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      "PUT /latest/api/token" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "GET /" + host + "X-Forwarded-For : 1.2.3.4\r\nOrigin: http://x\r\n folded\r\n\r\n"};
}

const Registration target({"serve", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
