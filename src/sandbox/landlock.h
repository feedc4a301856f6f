// Limits for files: landlock(7).
#pragma once

#include <string>
#include <vector>

namespace rolecall::sandbox {

// For this thread and those that it starts later. The thread must have no_new_privs. `read` and
// `written` are those of Needs (sandbox.h). Returns why the limits are not set, or an empty text.
std::string limit_files(const std::vector<std::string>& read,
                        const std::vector<std::string>& written);

// Why limit_files does nothing if the kernel does not have it.
constexpr const char* no_landlock = "no landlock in this kernel, or forbidden in this container";

bool kernel_limits_files();

}  // namespace rolecall::sandbox
