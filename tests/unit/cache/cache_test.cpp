#include "cache/cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "cache/cache_lock.h"
#include "rolecall/error.h"
#include "unit/support/clock.h"

namespace rolecall::aws {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    path_ = mkdtemp(root_);
    path_ += "/a/rolecall";
  }
  ~CacheTest() override { std::filesystem::remove_all(root_); }

  Credentials credentials(const std::string& id, seconds life) const {
    Credentials made;
    made.access_key_id = id;
    made.secret_access_key = Secret("secret-of-" + id);
    made.session_token = Secret("token-of-" + id);
    made.expiration = clock_.wall_seconds() + life;
    made.assumed_role_arn = "arn:aws:sts::123456789012:assumed-role/x/y";
    return made;
  }

  Cache cache() const { return Cache(path_, Cache::IfMissing::make, clock_); }

  // Returns the key id that a run gets. Counts the requested sessions in `asked_`.
  std::string get(seconds life = seconds(3600), seconds margin = seconds(900),
                  const std::string& key = "k") {
    Reporter reporter;
    reporter.warn = [this](std::string_view text) { warnings_ += std::string(text) + "\n"; };
    return cache()
        .get({key, margin, timeout,
              [&](std::chrono::milliseconds time) {
                times_.push_back(time);
                if (renews_) renews_();
                if (fails_) throw Error(ErrorKind::try_later, "the endpoint is down");
                return credentials("ID" + std::to_string(++asked_), life);
              }},
             reporter)
        .access_key_id;
  }

  std::string entry_file() const {
    for (const auto& file : std::filesystem::directory_iterator(path_)) {
      if (file.path().extension() == ".json") return file.path();
    }
    return {};
  }

  static constexpr seconds timeout{5};

  // Does what another process does that renews the entry of get().
  CacheLock lock_of_another() {
    if (directory_.fd() < 0) directory_ = Descriptor(open(path_.c_str(), O_RDONLY | O_DIRECTORY));
    for (const auto& file : std::filesystem::directory_iterator(path_)) {
      const auto& name = file.path();
      if (name.extension() != ".lock") continue;
      CacheLock lock(directory_.fd(), name.stem());
      EXPECT_TRUE(lock.try_lock());
      return lock;
    }
    ADD_FAILURE() << "nobody has locked anything";
    return {directory_.fd(), "none"};
  }

  test::ManualClock clock_;
  Descriptor directory_;
  std::vector<std::chrono::milliseconds> times_;  // the time limits of the calls
  std::function<void()> renews_;                  // called during a call
  char root_[32] = "/tmp/cache-test-XXXXXX";
  std::string path_;
  std::string warnings_;
  int asked_ = 0;
  bool fails_ = false;
};

TEST_F(CacheTest, FreshEntriesAreReturnedAgain) {
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(get(seconds(3600), seconds(900), "another"), "ID2");
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(warnings_, "");
}

TEST_F(CacheTest, AllOfTheCredentialsComeBack) {
  get();
  const auto entries = cache().entries();
  ASSERT_EQ(entries.size(), 1U);
  const Credentials& back = entries[0].credentials;
  EXPECT_EQ(back.access_key_id, "ID1");
  EXPECT_EQ(back.secret_access_key.view(), "secret-of-ID1");
  EXPECT_EQ(back.session_token.view(), "token-of-ID1");
  EXPECT_EQ(back.assumed_role_arn, "arn:aws:sts::123456789012:assumed-role/x/y");
  EXPECT_EQ(back.expiration - clock_.wall_seconds(), seconds(3600));
}

TEST_F(CacheTest, TheMarginIsAtMostHalfTheLifetime) {
  EXPECT_EQ(get(seconds(3600), seconds(3590)), "ID1");
  clock_.pass(seconds(1799));
  EXPECT_EQ(get(seconds(3600), seconds(3590)), "ID1");
  clock_.pass(seconds(1));
  EXPECT_EQ(get(seconds(3600), seconds(3590)), "ID2");
}

TEST_F(CacheTest, AfterTheMarginOneRunRenews) {
  EXPECT_EQ(get(), "ID1");
  clock_.pass(seconds(2699));
  EXPECT_EQ(get(), "ID1");
  clock_.pass(seconds(1));
  EXPECT_EQ(get(), "ID2");
  EXPECT_EQ(get(), "ID2");
}

TEST_F(CacheTest, EntriesFromTheFutureAreNotTrusted) {
  get();
  clock_.set(seconds(-60));
  EXPECT_EQ(get(), "ID1");
  clock_.set(seconds(-1));
  EXPECT_EQ(get(), "ID2");
}

TEST_F(CacheTest, ExpiredEntriesAreMissesAndAreRemoved) {
  get(seconds(-1));
  EXPECT_EQ(get(), "ID2");
  get(seconds(-1), seconds(900), "other");
  get(seconds(3600), seconds(900), "third");
  EXPECT_EQ(cache().entries().size(), 2U);
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(path_))
    files += file.path().extension() == ".json" ? 1 : 0;
  EXPECT_EQ(files, 2);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 4);  // and two locks
}

TEST_F(CacheTest, UnfinishedFilesAreRemoved) {
  fails_ = true;
  EXPECT_THROW(get(seconds(3600), seconds(900), "failed"), Error);
  std::ofstream(path_ + "/0123456789abcdef.json") << "no entry";
  std::ofstream(path_ + "/0123456789abcdef.new") << "half of one";
  fails_ = false;
  get();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 2);
}

TEST_F(CacheTest, FailuresFromTheFutureAreIgnored) {
  fails_ = true;
  EXPECT_THROW(get(), Error);
  for (const auto& file : std::filesystem::directory_iterator(path_)) {
    std::string text;
    std::getline(std::ifstream(file.path()), text, '\0');
    text.replace(text.find("\"When\":") + 7, 1, "3");  // of a time in 2060 or later
    std::ofstream(file.path()) << text;
  }
  fails_ = false;
  EXPECT_EQ(get(), "ID1");
}

TEST_F(CacheTest, ANoteMayContainAnything) {
  fails_ = true;
  EXPECT_THROW(get(), Error);
  fails_ = false;
  const auto lock = std::filesystem::directory_iterator(path_)->path();
  int expected = 0;
  for (const char* bad : {"", "{", "[]", R"({"When":9e18,"TimeLimit":1,"Refused":true,"Kind":1})",
                          R"({"When":9223372036854775807,"TimeLimit":1,"Refused":true,"Kind":1,)"
                          R"("What":"x","Hint":"y"})",
                          R"({"When":-9223372036854775807,"TimeLimit":-1,"Refused":true,"Kind":3,)"
                          R"("What":"x","Hint":"y"})"}) {
    std::ofstream(lock) << bad;
    EXPECT_EQ(get(seconds(-1)), "ID" + std::to_string(++expected)) << bad;
    cache().clear();
  }
}

TEST_F(CacheTest, EntriesWithImpossibleValuesAreMisses) {
  for (const char* bad : {"a b", "a\\nb", "a\\u0000b", "\\u00e9"}) {
    get();
    std::string text;
    const std::string path = entry_file();
    std::getline(std::ifstream(path), text, '\0');
    text.replace(text.find("secret-of-"), 10, bad);
    std::ofstream(path) << text;
    const int before = asked_;
    get();
    EXPECT_EQ(asked_, before + 1) << bad;
  }
}

TEST_F(CacheTest, ListingMakesNothing) {
  const Cache cache(path_, Cache::IfMissing::leave);
  EXPECT_TRUE(cache.entries().empty());
  cache.clear();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(CacheTest, OldCredentialsAreUsedIfTheRenewalFails) {
  get();
  fails_ = true;
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(warnings_, "");
  clock_.pass(seconds(3000));
  EXPECT_EQ(get(), "ID1");
  EXPECT_THAT(warnings_, HasSubstr("the endpoint is down"));
  EXPECT_THROW(get(seconds(3600), seconds(900), "never had"), Error);
  clock_.pass(seconds(600));
  EXPECT_THROW(get(), Error);  // it has expired
}

TEST_F(CacheTest, InAnOutageOneRunInFifteenSecondsWaitsForAShortTime) {
  get();
  clock_.pass(seconds(3000));
  fails_ = true;
  times_.clear();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(get(), "ID1");
  EXPECT_THAT(times_, ElementsAre(seconds(3)));
  clock_.pass(seconds(14));
  get();
  EXPECT_THAT(times_, SizeIs(1));
  clock_.pass(seconds(1));
  get();
  EXPECT_THAT(times_, SizeIs(2));
}

TEST_F(CacheTest, OldCredentialsAreUsedWhileAnotherProcessRenews) {
  get();
  clock_.pass(seconds(3000));
  const CacheLock lock = lock_of_another();
  EXPECT_EQ(get(), "ID1");
  EXPECT_THAT(clock_.waits, SizeIs(0));
}

TEST_F(CacheTest, WaitsForTheRenewalOfAnotherProcess) {
  fails_ = true;
  EXPECT_THROW(get(), Error);
  fails_ = false;
  auto lock = std::make_unique<CacheLock>(lock_of_another());
  clock_.while_waiting = [&] {
    if (clock_.waits.size() < 4) return;
    lock.reset();
  };
  EXPECT_EQ(get(), "ID1");
  using std::chrono::milliseconds;
  EXPECT_THAT(clock_.waits,
              ElementsAre(milliseconds(2), milliseconds(4), milliseconds(8), milliseconds(16)));
  EXPECT_EQ(times_.back(), timeout - milliseconds(30));
}

TEST_F(CacheTest, AfterHalfOfTheTimeAProcessRequestsItsOwnSession) {
  std::string inner;
  renews_ = [&] {
    renews_ = {};
    inner = get();  // as another process would, during the request of this one
  };
  EXPECT_EQ(get(), "ID2");
  EXPECT_EQ(inner, "ID1");
  EXPECT_THAT(warnings_, HasSubstr("for half of `timeout`; this process now requests"));
  ASSERT_THAT(times_, SizeIs(2));
  EXPECT_GE(times_[1], std::chrono::milliseconds(2500));
  EXPECT_LT(times_[1], std::chrono::milliseconds(2550));
  EXPECT_EQ(get(), "ID2");  // the credentials of the other process are not cached
}

TEST_F(CacheTest, ProcessesThatWaitedThrowTheSameError) {
  fails_ = true;
  EXPECT_THROW(get(), Error);
  times_.clear();
  const Error refused(ErrorKind::failed, "the service refused");
  for (const bool by_service : {true, false}) {
    auto lock = std::make_unique<CacheLock>(lock_of_another());
    clock_.while_waiting = [&] {
      if (lock) lock->note_failure({clock_.wall(), timeout, by_service, false, refused});
      lock.reset();
    };
    try {
      get();
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), by_service ? "the service refused" : "the endpoint is down");
    }
    EXPECT_THAT(times_, SizeIs(by_service ? 0 : 1));
  }
}

TEST_F(CacheTest, NothingIsCachedWhileTheClockIsWrong) {
  Reporter reporter;
  reporter.warn = [this](std::string_view text) { warnings_ += text; };
  cache().get({"k", seconds(900), timeout,
               [&](std::chrono::milliseconds) {
                 Credentials made = credentials("ID", seconds(3600));
                 made.clock_skew = seconds(600);
                 return made;
               }},
              reporter);
  EXPECT_THAT(warnings_, HasSubstr("nothing is cached while this machine's clock is wrong"));
  EXPECT_TRUE(cache().entries().empty());
}

TEST_F(CacheTest, AnEntryMayContainAnything) {
  get();
  const std::string path = entry_file();
  std::string good;
  std::getline(std::ifstream(path), good, '\0');
  int expected = 1;
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
        good.substr(0, good.size() / 2), std::string(70000, ' ') + good, std::string(1, '\0')}) {
    std::ofstream(path) << bad;
    EXPECT_EQ(get(), "ID" + std::to_string(++expected)) << bad.substr(0, 40);
  }
  for (std::size_t at = 0; at < good.size(); at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    std::ofstream(path) << bad;
    EXPECT_NO_THROW(get());
  }
}

TEST_F(CacheTest, EntriesThatOthersCouldHaveWrittenAreMisses) {
  get();
  const std::string path = entry_file();
  chmod(path.c_str(), 0640);
  EXPECT_EQ(get(), "ID2");
  std::filesystem::rename(path, std::string(root_) + "/aside");
  std::filesystem::create_symlink(std::string(root_) + "/aside", path);
  EXPECT_EQ(get(), "ID3");
  std::filesystem::remove(path);
  mkfifo(path.c_str(), 0600);
  EXPECT_EQ(get(), "ID4");
}

TEST_F(CacheTest, MakesFilesOnlyForItsUser) {
  umask(0);
  get();
  struct stat info {};
  stat(path_.c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
  stat(entry_file().c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(CacheTest, DirectoriesThatCannotBeTrusted) {
  get();
  chmod(path_.c_str(), 0770);
  EXPECT_THROW(Cache{path_}, Error);
  chmod(path_.c_str(), 0755);  // other users see only names and times
  EXPECT_NO_THROW(Cache{path_});
  std::filesystem::create_directory_symlink(path_, std::string(root_) + "/link");
  EXPECT_NO_THROW(Cache{std::string(root_) + "/link"});  // nobody else can have made it
  std::ofstream(std::string(root_) + "/file") << "x";
  EXPECT_THROW(Cache{std::string(root_) + "/file"}, Error);
}

TEST_F(CacheTest, Clear) {
  get();
  get(seconds(3600), seconds(900), "other");
  cache().clear();
  EXPECT_TRUE(cache().entries().empty());
  cache().clear();
  EXPECT_TRUE(std::filesystem::is_empty(path_));
  EXPECT_EQ(get(), "ID3");
}

}  // namespace
}  // namespace rolecall::aws
