// Who may do what with a file that takes another one's place.
#pragma once

#include "base/acting_as.h"
#include "base/file_role.h"

namespace rolecall {

// Gives the file that `to` is open for the owner, group, mode and access control list of the one
// that `from` is open for. `rights`: whose root has taken, if it has. Throws Error.
void copy_access(const FileRole& role, int from, int to, const ActingAs* rights);

}  // namespace rolecall
