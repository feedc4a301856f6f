#include "http/mhd_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/signals.h"
#include "rolecall/error.h"

namespace rolecall::http {

MhdLoop::MhdLoop(MHD_Daemon* mhd)
    : mhd_(mhd),
      epoll_(microhttpd().get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.is_open()) {
    throw Error(ErrorKind::failed,
                std::string("the HTTP server cannot be started: ") + std::strerror(errno));
  }
  const BlockAllSignals block;
  thread_ = std::thread([this] { run(); });
}

MhdLoop::~MhdLoop() {
  post([this] { ended_ = true; });
  thread_.join();
}

void MhdLoop::post(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    work_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_.fd(), &one, sizeof one));
}

void MhdLoop::run() {
  while (!ended_) {
    wait();
    const unsigned before = connections();
    microhttpd().run(mhd_);
    // If libmicrohttpd was at its limit of connections, it listens again only in its next run.
    if (connections() < before) microhttpd().run(mhd_);
  }
}

unsigned MhdLoop::connections() const {
  return microhttpd().get_daemon_info(mhd_, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

void MhdLoop::wait() {
  MHD_UNSIGNED_LONG_LONG limit = 0;
  int milliseconds = -1;
  if (microhttpd().get_timeout(mhd_, &limit) == MHD_YES)
    milliseconds = static_cast<int>(std::min<MHD_UNSIGNED_LONG_LONG>(limit, 60'000));
  std::array<pollfd, 2> waits_for = {{{epoll_, POLLIN, 0}, {wake_.fd(), POLLIN, 0}}};
  if (poll(waits_for.data(), waits_for.size(), milliseconds) > 0 && waits_for[1].revents != 0)
    do_work();
}

void MhdLoop::do_work() {
  std::uint64_t count = 0;
  static_cast<void>(!read(wake_.fd(), &count, sizeof count));
  std::vector<std::function<void()>> work;
  {
    const std::scoped_lock lock(mutex_);
    work.swap(work_);
  }
  for (const auto& each : work)
    each();
}

}  // namespace rolecall::http
