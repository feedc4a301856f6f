#include "base/file_role.h"

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall {

void fail_on_file(const FileRole& role, int error, const std::string& what) {
  const std::string text = what + ": " + std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      throw Error(ErrorKind::try_later, text, "free some space on that file system");
    case EACCES:
    case EPERM:
      throw Error(
          ErrorKind::usage, text,
          "run rolecall as the file's owner; the owner also needs write access to the directory, "
          "because the new file is created there");
    case EROFS:
      throw Error(ErrorKind::usage, text,
                  cat("set ", role.variable, " to a file that can be written to"));
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      throw Error(ErrorKind::usage, text,
                  cat("check the path, or set ", role.variable, " to another file"));
    default:
      throw Error(ErrorKind::failed, text);
  }
}

}  // namespace rolecall
