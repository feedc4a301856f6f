// Copies the access rights of a file to the file that replaces it.
#pragma once

#include "base/acting_as.h"
#include "base/file_role.h"

namespace rolecall {

// Gives the file that is open as `to` the owner, group, mode and access control list of the file
// that is open as `from`. `rights`: the rights that root has taken; nullptr if it has taken none.
// Throws Error as fail_on_file does.
void copy_access(const FileRole& role, int from, int to, const ActingAs* rights);

}  // namespace rolecall
