// A PKCS#11 module is code that runs with our rights: who could change its file?
#pragma once

#include <string>

namespace rolecall::identity::pkcs11 {

// The file that `path` leads to, without links. Throws Error (usage) if it cannot be found, or if
// somebody else could replace it: everybody can write the file or its folder, or on the way there a
// folder (unless sticky); or the file, a folder or a link on the way belongs to neither root nor
// this user. A folder's group may write it, as on Debian staff may write /usr/local.
//
// A name without "/" is returned as it is: the system's loader looks for it, in folders that root
// or this user's environment names.
std::string trusted_module_file(const std::string& path);

}  // namespace rolecall::identity::pkcs11
