#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "rolecall/error.h"
#include "unit/support/http_client.h"

namespace rolecall::http {
namespace {

using test::Client;

Response text_response(const std::string& text) {
  Response response;
  response.status = 200;
  response.body = Secret(text);
  return response;
}

std::string converse(const Server& server, const std::string& request) {
  const Client client(server);
  client.write(request);
  return client.read();
}

enum class Scheme { http, https };

// Each test runs with a thread a connection and with one for all, without TLS and with it.
class ServerTest : public testing::TestWithParam<std::tuple<Threads, Scheme>> {
 protected:
  ServerTest() {
    options.threads = std::get<Threads>(GetParam());
    if (scheme() == Scheme::https) test::use_tls(options);
  }
  static Scheme scheme() { return std::get<Scheme>(GetParam()); }
  ServerOptions options;
};
INSTANTIATE_TEST_SUITE_P(Kinds, ServerTest,
                         testing::Combine(testing::Values(Threads::per_connection, Threads::one),
                                          testing::Values(Scheme::http, Scheme::https)),
                         [](const auto& test) {
                           return std::string(std::get<Threads>(test.param) == Threads::one
                                                  ? "One"
                                                  : "PerConnection") +
                                  (std::get<Scheme>(test.param) == Scheme::https ? "WithTls" : "");
                         });

TEST_P(ServerTest, HandsOverTheRequestAsItCame) {
  Request seen;
  const Server server({}, options, [&seen](const Request& request) {
    seen = request;
    return text_response("ok");
  });
  EXPECT_EQ(server.url(), (scheme() == Scheme::https ? "https" : "http") +
                              ("://127.0.0.1:" + std::to_string(server.port())));
  const std::string answer = converse(
      server,
      "POST /a%2Fb/../c?x=%3d&y=1+2&y HTTP/1.1\r\nHost: h:1\r\nX-Two:  a  b \r\nx-two: c\r\n"
      "Content-Length: 3\r\nConnection: close\r\n\r\nabc");
  EXPECT_EQ(answer.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(answer.substr(answer.size() - 6), "\r\n\r\nok");
  EXPECT_EQ(answer.find("Date:"), std::string::npos) << "the handler's to set";
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a%2Fb/../c");
  EXPECT_EQ(seen.query, "x=%3d&y=1+2&y");
  EXPECT_EQ(seen.body, "abc");
  EXPECT_EQ(seen.peer.substr(0, 10), "127.0.0.1:");
  ASSERT_EQ(seen.headers.size(), 5U);
  EXPECT_EQ(seen.headers[1].name, "X-Two");
  EXPECT_EQ(seen.headers[2].name, "x-two");
  EXPECT_EQ(seen.headers[2].value, "c");
}

TEST_P(ServerTest, ReadsAChunkedBody) {
  const Server server({}, options,
                      [](const Request& request) { return text_response(request.body); });
  const std::string answer = converse(server,
                                      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                      "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(answer.substr(answer.size() - 9), "\r\n\r\nabcde");
}

TEST_P(ServerTest, KeepsAConnectionOpen) {
  std::atomic<int> count = 0;
  const Server server({}, options, [&count](const Request&) {
    return text_response("answer " + std::to_string(++count));
  });
  const Client client(server);
  for (int i = 1; i <= 5; ++i) {
    client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string expected = "answer " + std::to_string(i);
    EXPECT_NE(client.read(expected).find(expected), std::string::npos);
  }
}

TEST_P(ServerTest, AHandlerThatThrowsIsABare500) {
  const Server server({}, options,
                      [](const Request&) -> Response { throw std::runtime_error("secret"); });
  const std::string answer =
      converse(server, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.substr(9, 3), "500");
  EXPECT_EQ(answer.find("secret"), std::string::npos);
}

TEST_P(ServerTest, CutsABodyWhereTold) {
  const Server server({}, options, [](const Request&) {
    Response response = text_response("0123456789");
    response.truncate_after = 4;
    return response;
  });
  const std::string answer = converse(server, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), "0123");
}

TEST_P(ServerTest, RefusesABodyThatIsTooLarge) {
  options.max_body = 1000;
  const Server server({}, options, [](const Request& request) {
    Response response = text_response(request.body);
    if (request.body_too_large) response.status = 413;
    return response;
  });
  const auto post = [&server](const std::string& headers, const std::string& body) {
    return converse(server,
                    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + headers + "\r\n" + body)
        .substr(9, 3);
  };
  const std::string most(1000, 'a');
  EXPECT_EQ(post("Content-Length: 1000\r\n", most), "200");
  EXPECT_EQ(post("Content-Length: 1001\r\n", most + "a"), "413");
  EXPECT_EQ(post("Content-Length: 3000000\r\n", std::string(3000000, 'a')), "413");
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "3e8\r\n" + most + "\r\n1\r\na\r\n0\r\n\r\n"),
            "413");
  EXPECT_EQ(post("Content-Length: 3000000\r\nExpect: 100-continue\r\n", ""), "413");
}

TEST_P(ServerTest, TakesTheLargestChainAndRefusesMore) {
  const Server server({}, options, [](const Request& request) {
    return text_response(std::to_string(find(request.headers, "x-amz-x509-chain")->size()));
  });
  const auto get = [&server](std::size_t size) {
    return converse(server, "GET / HTTP/1.1\r\nHost: h\r\nX-Amz-X509: " + std::string(5000, 'a') +
                                "\r\nX-Amz-X509-Chain: " + std::string(size, 'a') +
                                "\r\nAuthorization: " + std::string(2300, 'a') +
                                "\r\nConnection: close\r\n\r\n");
  };
  const std::string good = get(24000);
  EXPECT_EQ(good.substr(good.size() - 5), "24000");
  EXPECT_EQ(get(1000000).substr(9, 3), "431");
}

TEST_P(ServerTest, CutsAClientThatDrips) {
  options.request_timeout = std::chrono::seconds(1);
  const Server server({}, options, [](const Request&) { return text_response("ok"); });
  const auto start = std::chrono::steady_clock::now();
  const Client client(server);
  const std::string request = "GET / HTTP/1.1\r\nHost: " + std::string(1000, 'h');
  bool cut = false;
  for (const char c : request) {
    if (!client.write(std::string(1, c))) {
      cut = true;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(cut);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_P(ServerTest, ASlowHandlerIsNotCut) {
  options.request_timeout = std::chrono::seconds(1);
  options.idle_timeout = std::chrono::seconds(1);
  const Server server({}, options, [](const Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    return text_response("late");
  });
  const Client client(server);
  client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(client.read("late").find("late"), std::string::npos);
}

TEST_P(ServerTest, ClosesAnIdleConnection) {
  options.idle_timeout = std::chrono::seconds(1);
  const Server server({}, options, [](const Request&) { return text_response("ok"); });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Client(server).read(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_P(ServerTest, ServesManyClientsAtOnce) {
  std::atomic<int> served = 0;
  {
    const Server server({}, options, [&served](const Request&) {
      ++served;
      return text_response("ok");
    });
    std::vector<std::jthread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&server, &good] {
        for (int j = 0; j < 25; ++j) {
          const std::string answer =
              converse(server, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
          if (answer.ends_with("ok")) ++good;
        }
      });
    }
    threads.clear();
    EXPECT_EQ(good, 400);
  }
  EXPECT_EQ(served, 400);
}

// Those who wait give way to those who come.
TEST_P(ServerTest, AFullHouseKeepsNobodyOut) {
  options.max_connections = 8;
  options.request_timeout_when_full = std::chrono::milliseconds(100);
  const Server server({}, options, [](const Request&) { return text_response("ok"); });
  std::vector<std::unique_ptr<Client>> idle;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<Client>(server));
    if (i % 10 == 9) {
      const std::string answer =
          converse(server, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      EXPECT_TRUE(answer.ends_with("ok")) << i << answer;
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(idle.front()->read(), "") << "the one that waited longest was closed";
}

TEST_P(ServerTest, ClientsThatSayNothingKeepNobodyOut) {
  options.max_connections = 4;
  options.request_timeout_when_full = std::chrono::milliseconds(50);
  const Server server({}, options, [](const Request&) { return text_response("ok"); });
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 12; ++i)
    silent.push_back(std::make_unique<Client>(server, Client::Talk::no));
  const Client client(server);
  client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read("ok").ends_with("ok"));
  EXPECT_EQ(silent.front()->read(), "");
}

TEST_P(ServerTest, SharesABody) {
  const auto body = std::make_shared<const Secret>("the same for all");
  {
    const Server server({}, options, [&body](const Request&) {
      Response response;
      response.status = 200;
      response.shared_body = body;
      return response;
    });
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(converse(server, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                      .ends_with("\r\n\r\nthe same for all"));
    }
  }
  EXPECT_EQ(body.use_count(), 1);
}

TEST_P(ServerTest, AnswersWhatHasComeBeforeItEnds) {
  for (int i = 0; i < 20; ++i) {
    auto server = std::make_unique<Server>(Listener(), options,
                                           [](const Request&) { return text_response("ok"); });
    const Client idle(*server);
    const Client client(*server);
    client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read("ok").ends_with("ok"));
    const auto start = std::chrono::steady_clock::now();
    client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    server.reset();
    EXPECT_TRUE(client.read().ends_with("ok")) << i;
    EXPECT_EQ(idle.read(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  }
}

TEST_P(ServerTest, AnswersAClientThatWritesNoMore) {
  const Server server({}, options, [](const Request&) { return text_response("ok"); });
  const Client client(server);
  client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.end_writing();
  EXPECT_TRUE(client.read("ok").ends_with("ok"));
}

TEST_P(ServerTest, MovesLargeBodiesBothWays) {
  options.max_body = 20'000'000;
  const Server server({}, options,
                      [](const Request& request) { return text_response(request.body); });
  std::string body(10'000'000, 'a');
  for (std::size_t i = 0; i < body.size(); i += 1009)
    body[i] = static_cast<char>('b' + i % 20);
  const std::string answer =
      converse(server, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
}

TEST(Server, SaysWhyItCannotStart) {
  ServerOptions options;
  options.tls_certificate = "no certificate";
  try {
    const Server server({}, options, [](const Request&) { return text_response("ok"); });
    ADD_FAILURE() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("no certificate"), std::string::npos);
  }
}

TEST(Server, ListensOnIpv6) {
  try {
    const Server server(Listener("::1", 0), {}, [](const Request&) { return text_response("ok"); });
    EXPECT_EQ(server.url(), "http://[::1]:" + std::to_string(server.port()));
  } catch (const Error& error) {
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
}

}  // namespace
}  // namespace rolecall::http
