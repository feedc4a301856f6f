#include "serve/refresher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <list>

#include "base/json.h"
#include "http/server.h"
#include "unit/serve/support.h"
#include "unit/support/certificates.h"

namespace rolecall::serve {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// An endpoint that grants sessions, or does as told.
class Endpoint {
 public:
  Endpoint() : server_({}, {}, [this](const http::Request& request) { return answer(request); }) {}

  // The next answers, one call each; then it grants again.
  void next(std::initializer_list<int> statuses) {
    const std::scoped_lock lock(mutex_);
    statuses_.assign(statuses);
  }
  std::chrono::seconds lifetime{3600};
  std::chrono::seconds clock_offset{0};
  std::atomic<int> always = 0;  // the status of every answer; 0: as told by next()
  std::atomic<std::chrono::milliseconds> delay{0ms};
  std::atomic<int> calls = 0;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;

  std::string url() const { return server_.url(); }
  std::string last_certificate() {
    const std::scoped_lock lock(mutex_);
    return certificate_;
  }

 private:
  http::Response answer(const http::Request& request) {
    const int number = ++calls;
    most_at_once = std::max(most_at_once.load(), ++at_once);
    std::this_thread::sleep_for(delay.load());
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
    const auto time = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
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
    const auto today = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    rolecall::test::Recipe recipe;
    recipe.name = name;
    recipe.from = today - age;
    recipe.until = today + until;
    return rolecall::test::make(recipe, nullptr);
  }

  void write(const std::string& name, const std::string& text) const {
    // As careful people do it: readers see the old file or the new one.
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
    BindingOptions made = test::binding_options();
    made.identity.certificate = directory + "/leaf.pem";
    made.identity.private_key = directory + "/key.pem";
    made.session.endpoint = endpoint.url();
    made.session.timeout = 3000ms;
    return made;
  }
  std::string logged() {
    const std::scoped_lock lock(log_mutex);
    return lines;
  }
  template <class Condition>
  static bool eventually(Condition&& condition, std::chrono::seconds patience = 20s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }
  static std::string key_id(const Binding& binding) {
    const auto status = binding.status();
    if (!status->issued) return {};
    return json::parse(status->issued->imds->view()).at("AccessKeyId");
  }

  Endpoint endpoint;
  std::string directory;
  rolecall::test::Entity leaf = make_leaf("first", 1000h);
  std::mutex log_mutex;
  std::string lines;
  Log log{Log::Format::text, [this](const std::string& line) {
            const std::scoped_lock lock(log_mutex);
            lines += line;
            return true;
          }};
  RateLimiter limiter;
};

TEST_F(RefresherTest, PublishesWhatItGets) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  const auto status = binding.status();
  EXPECT_TRUE(status->valid(aws::Instant::now()));
  EXPECT_EQ(key_id(binding), "ASIA1");
  EXPECT_EQ(status->renewed, 1U);
  ASSERT_EQ(status->certificates.size(), 1U);
  EXPECT_EQ(status->certificates[0].subject, "CN=first");
}

TEST_F(RefresherTest, RenewsAheadOfTheEndAndOneAtATime) {
  endpoint.lifetime = 4s;
  endpoint.delay = 50ms;
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(binding.status()->valid(aws::Instant::now()));
    refresher.renew_now();
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_GE(binding.status()->renewed, 4U);
  EXPECT_EQ(endpoint.most_at_once, 1);
}

TEST_F(RefresherTest, AFailureLeavesWhatIsThere) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  endpoint.next({403, 503, 200});
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return !binding.status()->failure.empty(); }));
  EXPECT_EQ(key_id(binding), "ASIA1");
  EXPECT_TRUE(binding.status()->valid(aws::Instant::now()));
  // It goes on by itself, one failure after the other, until it succeeds.
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 2; }, 60s)) << logged();
  EXPECT_EQ(key_id(binding), "ASIA5");
  EXPECT_EQ(binding.status()->failure, "");
  EXPECT_EQ(binding.status()->failed[1], 2U);
  EXPECT_EQ(binding.status()->failed[3], 1U);
}

// By this machine's clock they are no credentials: what is held is not given up for them.
TEST_F(RefresherTest, CredentialsThatHaveEndedAreAFailure) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  endpoint.clock_offset = -2h;
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->failed[3] >= 1; })) << logged();
  EXPECT_EQ(key_id(binding), "ASIA1");
  EXPECT_TRUE(binding.status()->valid(aws::Instant::now()));
  EXPECT_THAT(logged(), HasSubstr("this machine's clock says"));
  endpoint.clock_offset = 0s;
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 2; }));  // soon, not in an hour
}

TEST_F(RefresherTest, TenThatFailAskOnceASecond) {
  endpoint.always = 503;
  std::list<Binding> bindings;
  std::list<Refresher> refreshers;
  for (int i = 0; i < 10; ++i) {
    refreshers.emplace_back(bindings.emplace_back(options()), limiter, log, Reporter{}).start();
  }
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(2500ms);
  for (Refresher& refresher : refreshers)
    refresher.renew_now();
  std::this_thread::sleep_for(2500ms);
  const int calls = endpoint.calls;
  EXPECT_LE(calls,
            1 + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  EXPECT_GE(calls, 3);
}

TEST_F(RefresherTest, TheFirstCredentialsHaveThreeTries) {
  endpoint.next({503, 503});
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  EXPECT_EQ(endpoint.calls, 3);
  EXPECT_EQ(binding.status()->failed[3], 2U);
}

TEST_F(RefresherTest, TheFirstTryTellsWhyItFailed) {
  endpoint.next({403});
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  EXPECT_THROW(refresher.first_credentials().get(), Error);
  EXPECT_FALSE(binding.status()->issued);
  EXPECT_EQ(logged(), "");
}

TEST_F(RefresherTest, APatientStartGoesOnForAsLongAsThatMayHelp) {
  endpoint.next({503, 503, 503, 503});
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {.start = Start::until_refused});
  refresher.start();
  refresher.first_credentials().get();
  EXPECT_EQ(endpoint.calls, 5);
  endpoint.next({403});
  Binding refused(options());
  Refresher other(refused, limiter, log, {}, {.start = Start::until_refused});
  other.start();
  EXPECT_THROW(other.first_credentials().get(), Error);
}

TEST_F(RefresherTest, WhatCouldNotBeDeliveredIsNotAskedForAgain) {
  std::mutex mutex;
  std::vector<std::pair<std::string, int>> delivered;
  std::atomic<int> failures = 2;
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {.deliver = [&](const Renewal& renewal) {
                        if (failures-- > 0) throw Error(ErrorKind::try_later, "the disk is full");
                        const std::scoped_lock lock(mutex);
                        delivered.emplace_back(renewal.credentials.access_key_id,
                                               renewal.failed_before);
                      }});
  refresher.start();
  refresher.first_credentials().get();
  EXPECT_EQ(endpoint.calls, 1);
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 2; })) << logged();
  EXPECT_EQ(delivered, (std::vector<std::pair<std::string, int>>{{"ASIA1", 2}, {"ASIA2", 0}}));
  EXPECT_THAT(logged(), HasSubstr("reason=the disk is full"));
}

TEST_F(RefresherTest, AnEndpointThatStallsDelaysNoOtherBinding) {
  Endpoint stalled;
  stalled.delay = 2500ms;
  BindingOptions slow = options();
  slow.session.endpoint = stalled.url();
  Binding waiting(slow);
  Binding binding(options());
  Refresher first(waiting, limiter, log, {});
  Refresher second(binding, limiter, log, {});
  first.start();
  second.start();
  second.first_credentials().get();
  EXPECT_FALSE(waiting.status()->issued);
  first.first_credentials().get();
}

TEST_F(RefresherTest, TakesANewSetOnceItIsWhole) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  const auto next = make_leaf("second", 2000h);
  write("leaf.pem", rolecall::test::pem(next));
  EXPECT_TRUE(eventually([&] { return logged().find("continues with") != std::string::npos; }));
  refresher.renew_now();  // with the old set, as the new one does not match
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 2; })) << logged();
  EXPECT_EQ(binding.status()->certificates[0].subject, "CN=first");
  write_key(next);
  EXPECT_TRUE(eventually([&] { return logged().find("CN=second") != std::string::npos; }));
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 3; })) << logged();
  EXPECT_EQ(binding.status()->certificates[0].subject, "CN=second");
}

TEST_F(RefresherTest, KeepsTheOldSetWhereTheNewOneIsRefused) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  const std::string before = endpoint.last_certificate();
  write_identity(make_leaf("second", 2000h));
  EXPECT_TRUE(eventually([&] { return logged().find("CN=second") != std::string::npos; }));
  endpoint.next({403});
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 2; })) << logged();
  EXPECT_EQ(endpoint.last_certificate(), before);
  EXPECT_THAT(logged(), HasSubstr("the service refused the new certificate; rolecall continues"));
  // It is tried again with each renewal.
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 3; })) << logged();
  EXPECT_NE(endpoint.last_certificate(), before);
}

TEST_F(RefresherTest, FilesThatAreGoneDoNotStopRenewals) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  std::filesystem::remove(directory + "/leaf.pem");
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 2; })) << logged();
  EXPECT_THAT(logged(), HasSubstr("continues with the previous ones"));
}

TEST_F(RefresherTest, WarnsOfCertificatesThatEnd) {
  write_identity(make_leaf("short", 49h, 1000h));
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  EXPECT_TRUE(eventually([&] { return logged().find("expires soon") != std::string::npos; }));
  EXPECT_THAT(logged(), HasSubstr("in=2 days"));
  write_identity(make_leaf("shorter", 1h, 1000h));
  endpoint.lifetime = 65min;
  refresher.renew_now();
  EXPECT_TRUE(eventually(
      [&] { return logged().find("expires before the credentials") != std::string::npos; }));
}

TEST_F(RefresherTest, NewFilesEndAWaitAfterFailures) {
  std::filesystem::remove(directory + "/key.pem");
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  EXPECT_THROW(refresher.first_credentials().get(), Error);
  EXPECT_EQ(endpoint.calls, 0);
  EXPECT_TRUE(eventually([&] { return binding.status()->failed[2] >= 4; }, 60s));
  const auto start = std::chrono::steady_clock::now();
  write_key(leaf);
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 1; })) << logged();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 6s);
}

TEST_F(RefresherTest, StopsWhileItWaitsAtOnce) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {});
  refresher.start();
  refresher.first_credentials().get();
  refresher.request_stop();
  EXPECT_TRUE(
      refresher.wait_until_ended(std::chrono::steady_clock::now() + 20s));  // it waits for hours
}

}  // namespace
}  // namespace rolecall::serve
