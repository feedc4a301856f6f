#include "cli/signals.h"

#include <ctime>

namespace rolecall::cli {

Signals::Signals(const std::vector<int>& numbers) {
  sigemptyset(&set_);
  for (const int number : numbers)
    sigaddset(&set_, number);
  pthread_sigmask(SIG_BLOCK, &set_, &before_);
}

siginfo_t Signals::wait(std::chrono::milliseconds time) const {
  timespec limit{};
  limit.tv_sec = time.count() / 1000;
  limit.tv_nsec = (time.count() % 1000) * 1000000;
  siginfo_t info{};
  if (sigtimedwait(&set_, &info, &limit) < 0) info.si_signo = 0;
  return info;
}

void Signals::act(std::chrono::milliseconds time) const {
  const int number = wait(time).si_signo;
  if (number == 0) return;
  raise(number);
  give_back();
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

}  // namespace rolecall::cli
