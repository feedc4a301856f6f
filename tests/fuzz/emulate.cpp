// What the emulator is sent: requests as they are, and well-signed ones with more in their body.
#include <algorithm>

#include "emulate/emulator.h"
#include "http_text.h"
#include "target.h"
#include "unit/emulate/support.h"

namespace rolecall::fuzz {
namespace {

using emulate::test::SessionRecipe;

struct Scene {
  test::Entity root = test::make_ca("root");
  test::Entity leaf = test::make(test::Recipe(), &root);
  emulate::Emulator emulator{{{"anchor", test::pem(root)}, {}, {}, {}, true, {}, {}}};
};

Scene& scene() {
  static Scene made;
  return made;
}

http::Request request_of(std::string_view input) {
  const HttpText text = split_http(input);
  http::Request request;
  const std::size_t space = std::min(text.first.find(' '), text.first.size());
  const std::string_view target = text.first.substr(std::min(space + 1, text.first.size()));
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.method = text.first.substr(0, space);
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  request.headers = text.headers;
  request.body = text.body;
  request.peer = "127.0.0.1:40404";
  return request;
}

void run(std::string_view input) {
  SessionRecipe recipe;
  recipe.more = input;
  const http::Request request = input.starts_with(',')
                                    ? emulate::test::sign_session(scene().leaf, recipe)
                                    : request_of(input);
  const emulate::LoggedResponse answer = scene().emulator.handle(request, test::now);
  require(answer.response.status >= 200 && answer.response.status < 600, "an answer has a status");
  require(!emulate::log_line(answer.log, {}).empty(), "a request is logged");
}

std::string as_text(const http::Request& request) {
  std::string text = request.method + " " + request.path + "?" + request.query + "\n";
  for (const http::Header& header : request.headers)
    text += header.name + ": " + header.value + "\n";
  return text + "\n" + request.body;
}

std::vector<std::string> seeds() {
  http::Request in_query = emulate::test::sign_session(scene().leaf);
  in_query.query = "roleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx%253D&profileArn=&x";
  SessionRecipe chained;
  chained.chain = {scene().root};
  return {as_text(emulate::test::sign_session(scene().leaf)),
          as_text(emulate::test::sign_session(scene().leaf, chained)),
          as_text(in_query),
          R"(,"durationSeconds":900,"roleSessionName":"me@example")",
          R"(,"roleArn":"arn:aws:iam::123456789012:role/a=b","instanceProperties":{})",
          "POST /\nHost: localhost:1\nX-Amz-Date: 20261123T175152Z\nX-Amz-Security-Token: x\n"
          "Authorization: AWS4-HMAC-SHA256 Credential=ASIAX/20261123/us-east-1/sts/aws4_request, "
          "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=00ff\n\n"
          "Action=GetCallerIdentity&Version=2011-06-15",
          "GET /nowhere?a=%zz\n\n"};
}

const Registration target({"emulate", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
