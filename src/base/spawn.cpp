#include "base/spawn.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/pipe.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall {

Spawned spawn(char* const* argv, char* const* environment, const std::function<void()>& prepare) {
  Pipe failure;
  const pid_t pid = fork();
  if (pid < 0) {
    throw Error(ErrorKind::try_later, cat("cannot start ", argv[0], ": ", std::strerror(errno)));
  }
  if (pid == 0) {
    prepare();
    if (environment == nullptr) execvp(argv[0], argv);
    if (environment != nullptr) execvpe(argv[0], argv, environment);
    const int error = errno;
    const ssize_t put = write(failure.write_end.fd(), &error, sizeof error);
    static_cast<void>(put);
    _exit(127);
  }
  failure.write_end = Descriptor();
  int error = 0;
  ssize_t got = -1;
  while ((got = read(failure.read_end.fd(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof error)) return {pid, 0};
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {pid, error};
}

}  // namespace rolecall
