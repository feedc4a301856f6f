// What lies in the cache's directory: an entry, and the note of a renewal that failed.
#include "cache/cache.h"

#include <fcntl.h>

#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "cache/cache_lock.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

// A directory with an entry of our own making.
class Scene {
 public:
  Scene() : directory_(scratch_.path("cache")), cache_(directory_) {
    request_.key = "key\n";
    request_.renew = [](std::chrono::milliseconds) {
      Credentials made;
      made.access_key_id = "ASIAEXAMPLE";
      made.secret_access_key = Secret("secret");
      made.session_token = Secret("token");
      made.expiration = wall_clock() + std::chrono::hours(12);
      return made;
    };
    cache_.get(request_, {});
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (file.path().extension() == ".json") entry_ = file.path().filename();
    }
    entry_text_ = std::string(read_file("entry", directory_ + "/" + entry_).bytes.view());
    request_.renew = [](std::chrono::milliseconds) -> Credentials {
      throw Error(ErrorKind::failed, "refused");
    };
  }

  const std::string& entry_text() const { return entry_text_; }

  void read_entry(std::string_view text) const {
    scratch_.write("cache/" + entry_, text);
    for (const aws::CacheEntry& entry : cache_.entries())
      check(entry.credentials);
    refuses([&] { check(cache_.get(request_, {})); });
  }

  void read_note(std::string_view text) const {
    scratch_.write("cache/note.lock", text);
    const Descriptor directory(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    aws::CacheLock lock(directory.fd(), "note");
    require(lock.try_lock(), "nobody else holds the lock");
    if (const auto failure = lock.last_failure()) {
      require(failure->error.kind() >= ErrorKind::failed &&
                  failure->error.kind() <= ErrorKind::try_later,
              "a failure has a kind");
    }
  }

 private:
  static void check(const Credentials& credentials) {
    for (const std::string_view value :
         {std::string_view(credentials.access_key_id), credentials.secret_access_key.view(),
          credentials.session_token.view()}) {
      require(is_visible(value), "credentials of an entry are printable words");
    }
  }

  ScratchDirectory scratch_;
  std::string directory_;
  aws::Cache cache_;
  aws::Cache::Request request_;
  std::string entry_;
  std::string entry_text_;
};

const Scene& scene() {
  static const Scene made;
  return made;
}

void run(std::string_view input) {
  scene().read_entry(input);
  scene().read_note(input);
}

std::vector<std::string> seeds() {
  return {
      scene().entry_text(),
      R"({"When":1795456800000,"TimeLimit":3000,"Refused":true,"Kind":1,"What":"no","Hint":""})",
      R"({"When":-1,"TimeLimit":-9223372036854775808,"Refused":false,"Kind":3,"What":"","Hint":"x"})"};
}

const Registration target({"cache", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
