#include "serve/refresher.h"

#include <filesystem>
#include <list>

#include "unit/serve/refresher_fixture.h"

namespace rolecall::serve {
namespace {

using namespace std::chrono_literals;
using test::Endpoint;
using test::eventually;
using test::RefresherTest;
using testing::HasSubstr;

TEST_F(RefresherTest, PublishesTheCredentials) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  const auto status = binding.status();
  EXPECT_TRUE(status->valid(now()));
  EXPECT_EQ(key_id(binding), "ASIA1");
  EXPECT_EQ(status->renewed, 1U);
  ASSERT_EQ(status->certificates.size(), 1U);
  EXPECT_EQ(status->certificates[0].subject, "CN=first");
}

TEST_F(RefresherTest, RenewsBeforeTheExpiry) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  for (std::size_t renewals = 2; renewals < 6; ++renewals) {
    // Before it waits, it takes the time for the beginning of its wait.
    EXPECT_TRUE(eventually([&] { return clock.waiting_threads == 1; }));
    clock.pass(3600s - aws::usual_refresh_before);
    EXPECT_TRUE(binding.status()->valid(now()));
    EXPECT_TRUE(eventually([&] { return binding.status()->renewed == renewals; })) << logged();
  }
}

TEST_F(RefresherTest, RenewsOneAtATime) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  for (int calls = 2; calls < 6; calls += 2) {
    endpoint.hold(true);
    refresher.renew_now();
    EXPECT_TRUE(eventually([&] { return endpoint.calls == calls; })) << logged();
    refresher.renew_now();
    clock.pass(2s);
    endpoint.hold(false);
    EXPECT_TRUE(eventually([&] { return key_id(binding) == "ASIA" + std::to_string(calls + 1); }))
        << logged();
  }
  EXPECT_EQ(endpoint.most_at_once, 1);
}

TEST_F(RefresherTest, AFailureLeavesTheCredentials) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  endpoint.next({403, 503, 200});
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return !binding.status()->failure.empty(); }));
  EXPECT_EQ(key_id(binding), "ASIA1");
  EXPECT_TRUE(binding.status()->valid(now()));
  // The refresher tries again by itself until a renewal succeeds.
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }))
      << logged();
  EXPECT_EQ(key_id(binding), "ASIA5");
  EXPECT_EQ(binding.status()->failure, "");
  EXPECT_EQ(binding.status()->failed[1], 2U);
  EXPECT_EQ(binding.status()->failed[3], 1U);
}

// The current credentials stay in use.
TEST_F(RefresherTest, CredentialsThatHaveExpiredByThisMachinesClockAreAFailure) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  endpoint.clock_offset = -2h;
  refresher.renew_now();
  EXPECT_TRUE(eventually([&] { return binding.status()->failed[3] >= 1; })) << logged();
  EXPECT_EQ(key_id(binding), "ASIA1");
  EXPECT_TRUE(binding.status()->valid(now()));
  // The status is published before the line is logged.
  EXPECT_TRUE(eventually([&] {
    return logged().find("this machine's clock says") != std::string::npos;
  })) << logged();
  endpoint.clock_offset = 0s;
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }));
}

TEST_F(RefresherTest, TenBindingsThatFailSendOneRequestASecond) {
  endpoint.always = 503;
  std::list<Binding> bindings;
  std::list<Refresher> refreshers;
  for (int i = 0; i < 10; ++i) {
    refreshers
        .emplace_back(bindings.emplace_back(options()), limiter, log, Reporter{}, RenewalRules{},
                      clock)
        .start();
  }
  for (int seconds = 0; seconds < 5; ++seconds) {
    EXPECT_TRUE(eventually([&] { return endpoint.calls > seconds; }));
    EXPECT_EQ(endpoint.calls, 1 + seconds);
    if (seconds == 2) {
      for (Refresher& refresher : refreshers)
        refresher.renew_now();
    }
    clock.pass(1s);
  }
}

TEST_F(RefresherTest, TheFirstCredentialsHaveThreeAttempts) {
  endpoint.next({503, 503});
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_EQ(endpoint.calls, 3);
  EXPECT_EQ(binding.status()->failed[3], 2U);
}

TEST_F(RefresherTest, TheFirstAttemptThrowsWhyItFailed) {
  endpoint.next({403});
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  EXPECT_THROW(get_first_credentials(refresher), Error);
  EXPECT_FALSE(binding.status()->issued);
  EXPECT_EQ(logged(), "");
}

TEST_F(RefresherTest, AStartUntilRefusedContinuesAsLongAsThatMayHelp) {
  endpoint.next({503, 503, 503, 503});
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {.start = Start::until_refused}, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_EQ(endpoint.calls, 5);
  endpoint.next({403});
  Binding refused(options());
  Refresher other(refused, limiter, log, {}, {.start = Start::until_refused}, clock);
  other.start();
  EXPECT_THROW(get_first_credentials(other), Error);
}

TEST_F(RefresherTest, CredentialsThatCouldNotBeDeliveredAreNotRequestedAgain) {
  std::mutex mutex;
  std::vector<std::pair<std::string, int>> delivered;
  std::atomic<int> failures = 2;
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {},
                      {.deliver =
                           [&](const Renewal& renewal) {
                             if (failures-- > 0)
                               throw Error(ErrorKind::try_later, "the disk is full");
                             const std::scoped_lock lock(mutex);
                             delivered.emplace_back(renewal.credentials.access_key_id,
                                                    renewal.failed_before);
                           }},
                      clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_EQ(endpoint.calls, 1);
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }))
      << logged();
  EXPECT_EQ(delivered, (std::vector<std::pair<std::string, int>>{{"ASIA1", 2}, {"ASIA2", 0}}));
  EXPECT_THAT(logged(), HasSubstr("reason=the disk is full"));
}

TEST_F(RefresherTest, AnEndpointThatStallsDelaysNoOtherBinding) {
  Endpoint stalled(clock);
  stalled.hold(true);
  BindingOptions slow = options();
  slow.session.endpoint = stalled.url();
  Binding waiting(slow);
  Binding binding(options());
  Refresher first(waiting, limiter, log, {}, {}, clock);
  Refresher second(binding, limiter, log, {}, {}, clock);
  first.start();
  second.start();
  get_first_credentials(second);
  EXPECT_FALSE(waiting.status()->issued);
  stalled.hold(false);
  get_first_credentials(first);
}

TEST_F(RefresherTest, UsesANewCertificateWhenItsKeyIsThere) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  const auto next = make_leaf("second", 2000h);
  write("leaf.pem", rolecall::test::pem(next));
  EXPECT_TRUE(eventually_as_time_passes(
      [&] { return logged().find("continues with") != std::string::npos; }));
  refresher.renew_now();  // with the old certificate, because the new one does not match the key
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }))
      << logged();
  EXPECT_EQ(binding.status()->certificates[0].subject, "CN=first");
  write_key(next);
  EXPECT_TRUE(
      eventually_as_time_passes([&] { return logged().find("CN=second") != std::string::npos; }));
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 3; }))
      << logged();
  EXPECT_EQ(binding.status()->certificates[0].subject, "CN=second");
}

TEST_F(RefresherTest, KeepsTheOldCertificateIfTheNewOneIsRefused) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  const std::string before = endpoint.last_certificate();
  write_identity(make_leaf("second", 2000h));
  EXPECT_TRUE(
      eventually_as_time_passes([&] { return logged().find("CN=second") != std::string::npos; }));
  endpoint.next({403});
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }))
      << logged();
  EXPECT_EQ(endpoint.last_certificate(), before);
  EXPECT_THAT(logged(), HasSubstr("the service refused the new certificate; rolecall continues"));
  // Each renewal tries the new certificate again.
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 3; }))
      << logged();
  EXPECT_NE(endpoint.last_certificate(), before);
}

TEST_F(RefresherTest, FilesThatAreGoneDoNotStopRenewals) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  std::filesystem::remove(directory + "/leaf.pem");
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }))
      << logged();
  EXPECT_THAT(logged(), HasSubstr("continues with the previous ones"));
}

TEST_F(RefresherTest, WarnsAboutCertificatesThatExpireSoon) {
  write_identity(make_leaf("short", 49h, 1000h));
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_TRUE(eventually_as_time_passes(
      [&] { return logged().find("expires soon") != std::string::npos; }));
  EXPECT_THAT(logged(), HasSubstr("in=2 days"));
  write_identity(make_leaf("shorter", 1h, 1000h));
  endpoint.lifetime = 65min;
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes(
      [&] { return logged().find("expires before the credentials") != std::string::npos; }));
}

TEST_F(RefresherTest, NewFilesEndAWaitAfterFailures) {
  std::filesystem::remove(directory + "/key.pem");
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  EXPECT_THROW(get_first_credentials(refresher), Error);
  EXPECT_EQ(endpoint.calls, 0);
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->failed[2] >= 6; }));
  EXPECT_TRUE(eventually([&] { return clock.waiting_threads == 1; }));
  write_key(leaf);
  clock.pass(1s);
  EXPECT_TRUE(eventually([&] { return binding.status()->renewed == 1; })) << logged();
}

TEST_F(RefresherTest, CallsAFunctionAfterEachRenewal) {
  Binding binding(options());
  std::mutex mutex;
  std::vector<std::chrono::sys_seconds> calls;
  const auto number_of_calls = [&] {
    const std::scoped_lock lock(mutex);
    return calls.size();
  };
  RenewalRules rules;
  rules.on_renew = [&](std::chrono::sys_seconds expiration) {
    const std::scoped_lock lock(mutex);
    calls.push_back(expiration);
    if (calls.size() == 1) throw Error(ErrorKind::failed, "it fails");
  };
  Refresher refresher(binding, limiter, log, {}, rules, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_TRUE(eventually([&] { return number_of_calls() == 1; }));
  EXPECT_EQ(calls.front(), binding.status()->issued->expiration);
  EXPECT_TRUE(eventually([&] { return logged().find("reason=it fails") != std::string::npos; }))
      << logged();
  EXPECT_EQ(binding.status()->failure, "");
  EXPECT_TRUE(binding.status()->valid(now()));
  endpoint.next({503});
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return number_of_calls() == 2; })) << logged();
  EXPECT_EQ(binding.status()->renewed, 2U);
}

TEST_F(RefresherTest, AStopEndsAWaitAtOnce) {
  Binding binding(options());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_TRUE(eventually([&] { return clock.waiting_threads == 1; }));
  refresher.request_stop();
  EXPECT_TRUE(refresher.wait_until_ended(std::chrono::steady_clock::now() + 20s));
}

}  // namespace
}  // namespace rolecall::serve
