# Run by cpack before it packs: what Debian wants elsewhere, or besides, than others do.
if(NOT CPACK_TEMPORARY_DIRECTORY MATCHES "/DEB/[^/]*$")
  # rpm lowers times that are later, and leaves those of files of an older checkout.
  if(DEFINED ENV{SOURCE_DATE_EPOCH})
    execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -exec
      touch --no-dereference --date=@$ENV{SOURCE_DATE_EPOCH} {} + COMMAND_ERROR_IS_FATAL ANY)
  endif()
  return()
endif()

set(share ${CPACK_TEMPORARY_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX}/share)
set(doc ${share}/doc/rolecall)
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)
file(REMOVE_RECURSE ${share}/licenses)  # the file copyright says where it is
file(COPY ${CMAKE_CURRENT_LIST_DIR}/deb/copyright DESTINATION ${doc}
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(WRITE ${share}/lintian/overrides/rolecall "\
# The portable program contains its libraries, so that it needs only glibc.
rolecall: embedded-library curl [usr/bin/rolecall]
# This package is not one of Debian's.
rolecall: initial-upload-closes-no-bugs [usr/share/doc/rolecall/changelog.Debian.gz:1]
")
file(CHMOD ${share}/lintian/overrides/rolecall
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # follows SOURCE_DATE_EPOCH
file(WRITE ${doc}/changelog.Debian "\
rolecall (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}; what changed is in the history of the sources.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND gzip -9n ${doc}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
file(CHMOD ${doc}/changelog.Debian.gz
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
