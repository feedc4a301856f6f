#include "commands/token_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/descriptor_io.h"
#include "options/environment.h"
#include "rolecall/error.h"
#include "terminal/ui.h"

namespace rolecall::cli {
namespace {

constexpr const char* token_name = "token";

std::string parent_directory() {
  std::string runtime = user_runtime_directory();
  if (!runtime.empty()) return runtime;
  std::string temporary = environment("TMPDIR");
  return temporary.starts_with('/') ? temporary : "/tmp";
}

}  // namespace

TokenFile::TokenFile(const Secret& token) {
  std::string directory = parent_directory() + "/rolecall-exec-XXXXXX";
  if (mkdtemp(directory.data()) != nullptr) {
    directory_ = directory;
    lock_ = Descriptor(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    flock(lock_.fd(), LOCK_SH | LOCK_NB);
    const Descriptor file(
        openat(lock_.fd(), token_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.is_open() && write_bytes(file.fd(), token.view()) == 0)
      path_ = directory + "/" + token_name;
  }
  if (!path_.empty()) return;
  print_warning("the token of the endpoint cannot be written to a file in " + parent_directory() +
                " (" + std::strerror(errno) +
                "): programs that read only AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE will find no "
                "credentials; set TMPDIR to a directory that can be written to");
}

TokenFile::~TokenFile() {
  if (directory_.empty()) return;
  unlinkat(lock_.fd(), token_name, 0);
  rmdir(directory_.c_str());
}

}  // namespace rolecall::cli
