#include "base/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <ctime>

namespace rolecall {
namespace {

sigset_t set_of(const std::vector<int>& numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers)
    sigaddset(&set, number);
  return set;
}

extern "C" void end_at_once(int /*number*/) {
  _exit(0);
}

}  // namespace

Signals::Signals(const std::vector<int>& numbers) : set_(set_of(numbers)) {
  pthread_sigmask(SIG_BLOCK, &set_, &old_mask_);
}

siginfo_t Signals::wait(std::chrono::milliseconds time) const {
  timespec limit{};
  limit.tv_sec = time.count() / 1000;
  limit.tv_nsec = (time.count() % 1000) * 1000000;
  siginfo_t info{};
  if (sigtimedwait(&set_, &info, &limit) < 0) info.si_signo = 0;
  return info;
}

void Signals::wait_and_deliver(std::chrono::milliseconds time) const {
  const int number = wait(time).si_signo;
  if (number == 0) return;
  raise(number);
  restore_mask();
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

ExitOnSignal::ExitOnSignal(const std::vector<int>& numbers) {
  struct sigaction action {};
  action.sa_handler = end_at_once;
  sigemptyset(&action.sa_mask);
  for (const int number : numbers)
    sigaction(number, &action, nullptr);
  const sigset_t set = set_of(numbers);
  pthread_sigmask(SIG_UNBLOCK, &set, &old_mask_);
}

SignalDescriptor::SignalDescriptor(const std::vector<int>& numbers) {
  const sigset_t set = set_of(numbers);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  signals_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int SignalDescriptor::take() const {
  signalfd_siginfo info{};
  return read(signals_.fd(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)
             ? static_cast<int>(info.ssi_signo)
             : 0;
}

BlockAllSignals::BlockAllSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old_mask_);
}

}  // namespace rolecall
