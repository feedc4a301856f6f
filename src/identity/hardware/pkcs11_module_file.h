// A PKCS#11 module is code that runs with our rights. So this checks who can change its file.
#pragma once

#include <string>

namespace rolecall::identity::pkcs11 {

// Returns the file that `path` leads to, with all links resolved. Throws Error (usage) if the file
// cannot be found, or if another user could replace it. That is so in these cases:
// - Everybody can write the file or its folder.
// - Everybody can write a folder on the way to it, unless the folder is sticky.
// - The file, or a folder or link on the way, belongs to neither root nor this user.
// The group of a folder may write it: on Debian, the group staff may write /usr/local.
//
// A name without "/" is returned unchanged. The system's loader searches for it in folders that
// root or this user's environment names.
std::string trusted_module_file(const std::string& path);

}  // namespace rolecall::identity::pkcs11
