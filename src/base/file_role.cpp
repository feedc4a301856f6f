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
      throw Error(ErrorKind::try_later, text, "make room on that file system");
    case EACCES:
    case EPERM:
      throw Error(
          ErrorKind::usage, text,
          "run as the file's owner, who must be able to write to its directory too: the new "
          "file is made there");
    case EROFS:
      throw Error(ErrorKind::usage, text,
                  cat("name a file that can be written in ", role.variable));
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      throw Error(ErrorKind::usage, text,
                  cat("check the path, or name another file in ", role.variable));
    default:
      throw Error(ErrorKind::failed, text);
  }
}

}  // namespace rolecall
