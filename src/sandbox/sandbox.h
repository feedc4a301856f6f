// What a process that runs for a long time gives up after its start, so that somebody who takes it
// over through a mistake in it, or in a library, gets little.
#pragma once

#include <string>
#include <vector>

namespace rolecall::sandbox {

// What the process still does after it has entered the sandbox.
struct Needs {
  // Files and directories that it reads, and those that it writes. A file may be replaced by
  // another one, so its whole directory is allowed; if it is a link, the directory of its target
  // too. If the directory of a file that is read is a link, those beside its target are allowed
  // too. What every program reads (/etc, /usr, the libraries) is always allowed.
  std::vector<std::string> read = {};
  std::vector<std::string> write = {};
  // It loads PKCS#11 modules or OpenSSL's provider tpm2. Such code may use any file and any call.
  bool loads_modules = false;
  // It starts programs, such as the command that prints a password. They inherit the sandbox.
  bool starts_programs = false;
  // It sends signals to a child that it started before.
  bool signals_child = false;
};

// Which threads the sandbox is for.
enum class Threads {
  only_this,  // and those that it starts later
  all,        // those that run too. Linux can change only their privileges and system calls
};

struct Measure {
  const char* name;
  std::string reason_it_is_off;  // empty: it is on

  bool is_on() const { return reason_it_is_off.empty(); }
};

// Takes effect at once and cannot be undone. In this order:
// - memory lock: no page of this process is written to swap space. Only if the limit of locked
//   memory is infinite, or does not count: with a finite one, an allocation could fail later.
// - capabilities: only those for files, users and locked memory are kept (capabilities(7)).
// - no new privileges: no program that this process starts gets more rights (setuid, sudo).
// - files: landlock(7). Only `needs.read` and `needs.write`; nothing can be executed.
// - system calls: seccomp(2). Only those in calls.h.
// Each one that is not possible here is left out. Throws nothing.
std::vector<Measure> enter(const Needs& needs, Threads threads);

// "memory lock, capabilities, …; off: files (no landlock in this kernel, …)".
std::string text(const std::vector<Measure>& measures);

// For `doctor`: the measures that this kernel does not have. Changes nothing.
std::vector<Measure> missing_in_kernel();

}  // namespace rolecall::sandbox
