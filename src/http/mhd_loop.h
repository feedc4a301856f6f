// The thread of a server that serves all its connections in one thread (epoll). Only the server
// includes this header.
#pragma once

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "http/microhttpd.h"

namespace rolecall::http {

// libmicrohttpd has such a thread of its own. But that thread takes up to 128 events at a time, and
// if it gets exactly 128, it waits for more before it acts on any of them. So it could not serve
// more than 127 connections. This thread waits by itself, and then lets libmicrohttpd take what has
// come without waiting.
class MhdLoop {
 public:
  // `mhd` was started with epoll and without a thread. Throws Error (failed) or std::system_error.
  explicit MhdLoop(MHD_Daemon* mhd);
  ~MhdLoop();  // when the thread has ended, `mhd` may be stopped
  MhdLoop(const MhdLoop&) = delete;
  MhdLoop& operator=(const MhdLoop&) = delete;

  // Calls `work` in the thread soon, after all earlier work. libmicrohttpd's functions for the
  // whole daemon may only be called there. `work` must not throw.
  void post(std::function<void()> work);

 private:
  void run();
  void wait();
  unsigned connections() const;
  void do_work();

  MHD_Daemon* mhd_;
  int epoll_;
  Descriptor wake_;  // an eventfd
  std::mutex mutex_;
  std::vector<std::function<void()>> work_;
  bool ended_ = false;  // only the thread uses it
  std::thread thread_;
};

}  // namespace rolecall::http
