// An endpoint, and what the tests of Refresher need besides.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.h"
#include "http/server.h"
#include "serve/refresher.h"
#include "unit/serve/support.h"
#include "unit/support/certificates.h"
#include "unit/support/clock.h"

namespace rolecall::serve::test {

// An endpoint that grants sessions, unless a test wants other responses.
class Endpoint {
 public:
  explicit Endpoint(const Clock& clock)
      : clock_(clock),
        server_({}, {}, [this](const http::Request& request) { return respond(request); }) {}

  // The statuses of the next responses, one for each call. After them, the endpoint grants again.
  void next(std::initializer_list<int> statuses) {
    const std::scoped_lock lock(mutex_);
    statuses_.assign(statuses);
  }
  std::chrono::seconds lifetime{3600};
  std::chrono::seconds clock_offset{0};
  std::atomic<int> always = 0;  // the status of every response; 0: the statuses of next()
  // While this is true, calls get no response.
  void hold(bool is_held) {
    is_held_ = is_held;
    is_held_.notify_all();
  }
  std::atomic<int> calls = 0;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;

  std::string url() const { return server_.url(); }
  std::string last_certificate() {
    const std::scoped_lock lock(mutex_);
    return certificate_;
  }

 private:
  http::Response respond(const http::Request& request) {
    const int number = ++calls;
    most_at_once = std::max(most_at_once.load(), ++at_once);
    is_held_.wait(true);
    --at_once;
    const std::scoped_lock lock(mutex_);
    certificate_ = *http::find(request.headers, "x-amz-x509");
    http::Response response;
    response.status = 201;
    if (!statuses_.empty()) {
      response.status = statuses_.front();
      statuses_.pop_front();
    }
    if (always != 0) response.status = always;
    const auto time = clock_.wall_seconds();
    response.headers.push_back({"Date", http_date(time + clock_offset)});
    if (response.status != 201) return response;
    const std::string tag = std::to_string(number);
    const json body = {{"credentialSet",
                        {{{"credentials",
                           {{"accessKeyId", "ASIA" + tag},
                            {"secretAccessKey", "secret" + tag},
                            {"sessionToken", "token" + tag},
                            {"expiration", rfc3339(time + clock_offset + lifetime)}}}}}}};
    response.body = Secret(to_text(body));
    return response;
  }

  const Clock& clock_;
  std::atomic<bool> is_held_ = false;
  std::mutex mutex_;
  std::deque<int> statuses_;
  std::string certificate_;
  http::Server server_;
};

class RefresherTest : public testing::Test {
 protected:
  RefresherTest() {
    char name[] = "/tmp/rolecall-refresher-XXXXXX";
    directory = mkdtemp(name);
    write_identity(leaf);
  }
  ~RefresherTest() override { std::filesystem::remove_all(directory); }

  static rolecall::test::Entity make_leaf(const std::string& name, std::chrono::hours until,
                                          std::chrono::hours age = 1h) {
    rolecall::test::Recipe recipe;
    recipe.name = name;
    recipe.from = rolecall::test::now - age;
    recipe.until = rolecall::test::now + until;
    return rolecall::test::make(recipe, nullptr);
  }

  void write(const std::string& name, const std::string& text) const {
    // In one step, so that the refresher sees either the old file or the new one.
    std::ofstream(directory + "/new") << text;
    chmod((directory + "/new").c_str(), 0600);
    std::filesystem::rename(directory + "/new", directory + "/" + name);
  }
  void write_key(const rolecall::test::Entity& entity) const {
    write("key.pem", bio_text([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, entity.key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr);
          }));
  }
  void write_identity(const rolecall::test::Entity& entity) const {
    write("leaf.pem", rolecall::test::pem(entity));
    write_key(entity);
  }

  BindingOptions options() const {
    BindingOptions made = binding_options();
    made.identity.certificate = directory + "/leaf.pem";
    made.identity.private_key = directory + "/key.pem";
    made.session.endpoint = endpoint.url();
    made.session.timeout = 10min;  // of the clock, which passes faster than real time
    return made;
  }
  std::string logged() {
    const std::scoped_lock lock(log_mutex);
    return lines;
  }
  // Whether `condition` becomes true within about 15 minutes of the clock, which passes meanwhile.
  template <class Condition>
  bool eventually_as_time_passes(Condition&& condition) {
    for (int i = 0; i < 10000; ++i) {
      if (condition()) return true;
      clock.pass(100ms);
      std::this_thread::sleep_for(2ms);
    }
    return false;
  }
  void get_first_credentials(Refresher& refresher) {
    std::future<void>& first = refresher.first_credentials();
    ASSERT_TRUE(eventually_as_time_passes([&first] {
      return first.wait_for(0s) == std::future_status::ready;
    })) << logged();
    first.get();
  }
  aws::Instant now() const { return aws::Instant::now(clock); }
  static std::string key_id(const Binding& binding) {
    const auto status = binding.status();
    if (!status->issued) return {};
    return json::parse(status->issued->imds->view()).at("AccessKeyId");
  }

  rolecall::test::ManualClock clock;
  Endpoint endpoint{clock};
  std::string directory;
  rolecall::test::Entity leaf = make_leaf("first", 1000h);
  std::mutex log_mutex;
  std::string lines;
  Log log{Log::Format::text, [this](const std::string& line) {
            const std::scoped_lock lock(log_mutex);
            lines += line;
            return true;
          }};
  RateLimiter limiter{clock};
};

}  // namespace rolecall::serve::test
