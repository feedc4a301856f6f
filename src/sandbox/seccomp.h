// The filter of system calls: seccomp(2), prctl(2).
#pragma once

#include <string>

namespace rolecall::sandbox {

// For all threads of the process. This thread must have no_new_privs. Returns why the filter is not
// set, or an empty text.
std::string filter_calls(bool signals_child);

// Why filter_calls does nothing if the kernel does not have it.
constexpr const char* no_filters =
    "no seccomp filters in this kernel, or forbidden in this container";

bool kernel_filters_calls();

}  // namespace rolecall::sandbox
