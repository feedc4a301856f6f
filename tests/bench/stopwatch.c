// What a command costs, as the kernel counts it.
//
//   stopwatch RUNS AT_ONCE COMMAND…
//
// RUNS times: starts AT_ONCE of it and waits until all have ended. Prints for each time the wall
// clock's nanoseconds, the microseconds of CPU of all of them, and the largest resident set, in
// KiB, that one of them had. A command must end with 0, and its output is thrown away.
//
// A small static program, since the kernel's "largest resident set" begins with what the process
// was before it called exec: started from Python it would be Python's.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long microseconds(struct timeval time) {
  return time.tv_sec * 1000000LL + time.tv_usec;
}

static void start(char** command) {
  const pid_t child = vfork();
  if (child < 0) {
    perror("stopwatch: vfork");
    exit(1);
  }
  if (child > 0) return;
  execv(command[0], command);
  _exit(127);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int runs = atoi(argv[1]);
  const int at_once = atoi(argv[2]);
  // The commands inherit these; the results go out by another descriptor.
  const int null = open("/dev/null", O_RDWR);
  FILE* results = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 3), "w");
  if (null < 0 || results == NULL || dup2(null, 0) < 0 || dup2(null, 1) < 0) return 1;
  for (int run = 0; run < runs; ++run) {
    long long cpu = 0;
    long peak = 0;
    const long long begin = nanoseconds();
    for (int i = 0; i < at_once; ++i)
      start(argv + 3);
    for (int i = 0; i < at_once; ++i) {
      int status = 0;
      struct rusage used;
      if (wait4(-1, &status, 0, &used) < 0 || status != 0) {
        fprintf(stderr, "stopwatch: the command ended with status %d\n", status);
        return 1;
      }
      cpu += microseconds(used.ru_utime) + microseconds(used.ru_stime);
      if (used.ru_maxrss > peak) peak = used.ru_maxrss;
    }
    fprintf(results, "%lld %lld %ld\n", nanoseconds() - begin, cpu, peak);
  }
  return fclose(results) == 0 ? 0 : 1;
}
