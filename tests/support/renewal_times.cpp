// When RenewalSchedule renews sessions that go well, in seconds after the start, one a line: for
// tests that simulate days of a client.
//   renewal_times LIFETIME COUNT SEED [REFRESH-BEFORE]
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "aws/renewal.h"

using rolecall::aws::Instant;
using rolecall::aws::RenewalSchedule;
using std::chrono::seconds;

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) return 2;
  const seconds lifetime(std::stol(words[0]));
  std::mt19937 dice(static_cast<unsigned>(std::stoul(words[2])));
  std::uniform_real_distribution<double> random(0, 1);
  RenewalSchedule schedule;
  if (words.size() > 3) schedule = RenewalSchedule(seconds(std::stol(words[3])));

  const Instant start = Instant::now();
  Instant now = start;
  for (long count = std::stol(words[1]); count > 0; --count) {
    std::printf("%.3f\n", std::chrono::duration<double>(now.wall - start.wall).count());
    schedule.succeeded(now, now.wall + lifetime, lifetime, random(dice));
    const auto wait = schedule.time_until_due(now);
    now = {now.wall + wait, now.steady + wait};
  }
}
