// The fallbacks of a binding, as Refresher uses them.
#include <filesystem>

#include "unit/serve/refresher_fixture.h"

namespace rolecall::serve {
namespace {

using namespace std::chrono_literals;
using test::Endpoint;
using test::eventually;
using test::RefresherTest;
using testing::HasSubstr;

class FallbackTest : public RefresherTest {
 protected:
  // A binding whose fallback has an endpoint, a role and a certificate of its own.
  BindingOptions with_fallback() {
    write("other.pem", rolecall::test::pem(other_leaf));
    write("other-key.pem", bio_text([this](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, other_leaf.key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr);
          }));
    BindingOptions made = options();
    BindingOptions fallback = test::binding_options("other");
    fallback.identity.certificate = directory + "/other.pem";
    fallback.identity.private_key = directory + "/other-key.pem";
    fallback.session.endpoint = other.url();
    fallback.session.role_arn = "arn:aws:iam::111122223333:role/Other";
    made.fallbacks.push_back(fallback);
    return made;
  }
  static std::string role_of(const Binding& binding) {
    return json::parse(binding.status()->issued->container->view()).at("RoleArn");
  }

  Endpoint other{clock};
  rolecall::test::Entity other_leaf = make_leaf("other", 1000h);
};

TEST_F(FallbackTest, IsUsedDuringAnOutageAndTheBindingComesBack) {
  endpoint.always = 503;
  Binding binding(with_fallback());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_EQ(endpoint.calls, 1);
  EXPECT_EQ(other.calls, 1);
  EXPECT_EQ(binding.status()->answered_by, "other");
  EXPECT_EQ(role_of(binding), "arn:aws:iam::111122223333:role/Other");
  EXPECT_THAT(logged(), HasSubstr("warning: a fallback is asked, binding=default, fallback=other"));
  EXPECT_TRUE(eventually([&] { return logged().find("answered_by=other") != std::string::npos; }));
  EXPECT_EQ(binding.status()->failed[3], 0U);

  // The binding itself is asked again about once a minute. The credentials stay meanwhile.
  const auto begin = clock.steady();
  EXPECT_TRUE(eventually_as_time_passes([&] { return endpoint.calls == 4; })) << logged();
  EXPECT_GE(clock.steady() - begin, 150s);
  EXPECT_LE(clock.steady() - begin, 200s);
  EXPECT_EQ(other.calls, 1);
  EXPECT_EQ(binding.status()->renewed, 1U);

  endpoint.always = 0;
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->answered_by.empty(); }))
      << logged();
  EXPECT_EQ(role_of(binding), "arn:aws:iam::111122223333:role/some/path/Example");
  EXPECT_EQ(other.calls, 1);
}

TEST_F(FallbackTest, IsAskedAgainIfTheOutageLasts) {
  endpoint.always = 503;
  other.lifetime = 15min;  // so the renewal is due after 7 minutes
  Binding binding(with_fallback());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->renewed == 2; }));
  EXPECT_EQ(other.calls, 2);
  EXPECT_TRUE(binding.status()->valid(now()));
  EXPECT_EQ(binding.status()->answered_by, "other");
}

TEST_F(FallbackTest, IsNeverAskedAfterARefusal) {
  endpoint.always = 403;
  Binding binding(with_fallback());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  EXPECT_THROW(get_first_credentials(refresher), Error);
  EXPECT_TRUE(eventually_as_time_passes([&] { return endpoint.calls == 3; }));
  EXPECT_EQ(other.calls, 0);
}

TEST_F(FallbackTest, IsNeverAskedIfTheKeyCannotBeUsed) {
  const BindingOptions made = with_fallback();
  std::filesystem::remove(directory + "/key.pem");
  Binding binding(made);
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  EXPECT_THROW(get_first_credentials(refresher), Error);
  EXPECT_EQ(endpoint.calls, 0);
  EXPECT_EQ(other.calls, 0);
}

TEST_F(FallbackTest, ARefusalWhenTheBindingIsBackIsAFailure) {
  endpoint.always = 503;
  Binding binding(with_fallback());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.start();
  get_first_credentials(refresher);
  endpoint.always = 403;
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->failed[1] == 3; }))
      << logged();
  EXPECT_EQ(other.calls, 1);
  EXPECT_TRUE(binding.status()->valid(now()));  // those of the fallback
  EXPECT_EQ(binding.status()->answered_by, "other");
}

TEST_F(FallbackTest, ItsCertificateIsWatchedToo) {
  Binding binding(with_fallback());
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.load_identity();
  refresher.start();
  get_first_credentials(refresher);
  const auto certificates = binding.status()->certificates;
  ASSERT_EQ(certificates.size(), 2U);
  EXPECT_EQ(certificates[0].position, "leaf");
  EXPECT_EQ(certificates[1].position, "leaf of other");
  EXPECT_EQ(certificates[1].subject, "CN=other");
  const auto next = make_leaf("next", 2000h);
  write("other.pem", rolecall::test::pem(next));
  EXPECT_TRUE(
      eventually_as_time_passes([&] { return !binding.status()->rotation_failure.empty(); }));
  EXPECT_TRUE(eventually([&] { return logged().find("binding=other") != std::string::npos; }))
      << logged();
}

TEST_F(FallbackTest, AFallbackThatCannotBeUsedStopsNothing) {
  const BindingOptions made = with_fallback();
  std::filesystem::remove(directory + "/other.pem");
  Binding binding(made);
  Refresher refresher(binding, limiter, log, {}, {}, clock);
  refresher.load_identity();
  EXPECT_THAT(logged(),
              HasSubstr("a fallback cannot be used now, binding=default, fallback=other"));
  refresher.start();
  get_first_credentials(refresher);
  endpoint.always = 503;
  refresher.renew_now();
  EXPECT_TRUE(eventually_as_time_passes([&] { return binding.status()->failed[3] == 1; }));
  EXPECT_THAT(binding.status()->failure, HasSubstr("; binding other: "));
}

}  // namespace
}  // namespace rolecall::serve
