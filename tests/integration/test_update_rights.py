"""Whose file `update` writes, with whose rights, and what it says of its mode."""

import contextlib
import os
import struct
import subprocess

import pytest

from support.process import assert_fails
from support.updates import assert_written, keys_in, mode_of, update_once
from support.users import (ATTACKER, NOBODY, NOBODY_ID, VICTIM, as_root, become, directory_of,
                           file_of, identity_of, link_of, reachable_directory)


@pytest.mark.parametrize("mode, warning", [
    (0o600, None), (0o640, None), (0o644, "every user can read the file"),
    (0o660, "its group can write to the file"), (0o664, "every user can read the file")])
def test_the_mode_is_warned_of(identity, emulator, tmp_path, mode, warning):
    path = tmp_path / "credentials"
    path.write_text("[default]\n")
    path.chmod(mode)
    result = update_once(emulator, identity.flags, path)
    assert_written(result, *([f"{path} has mode {mode:04o}: {warning}; use chmod 600"] if warning else []))
    keys_in(path)
    assert mode_of(path) == mode


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_a_file_that_everybody_can_write_is_refused(identity, emulator, tmp_path, mode):
    path = tmp_path / "credentials"
    path.write_text("[default]\n")
    path.chmod(mode)
    assert_fails(update_once(emulator, identity.flags, path), 2,
                 f"{path} has mode {mode:04o}: every user can write to it", "chmod 600")
    assert path.read_text() == "[default]\n" and mode_of(path) == mode


@as_root
def test_a_file_of_somebody_else_is_refused(identity, emulator):
    with reachable_directory(0o777) as base:
        flags = identity_of(VICTIM, identity, base)
        path = file_of(ATTACKER, base / "credentials", "[default]\n", 0o644)
        assert_fails(update_once(emulator, flags, path, prefix=become(VICTIM)), 2,
                     f"belongs to user {ATTACKER}, who is neither root nor", "as that user")
        assert path.read_text() == "[default]\n" and path.stat().st_uid == ATTACKER


@as_root
def test_root_in_a_users_directory_is_that_user(identity, emulator):
    """Whatever the directory's owner could not do, root does not do there."""
    with reachable_directory() as base:
        home = directory_of(NOBODY_ID, base / "home", 0o700)
        path = home / "credentials"
        assert_written(update_once(emulator, identity.flags, path))  # makes the file
        assert {p.stat().st_uid for p in home.iterdir()} == {NOBODY_ID} and mode_of(path) == 0o600
        first = keys_in(path)
        assert_written(update_once(emulator, identity.flags, path))
        assert keys_in(path) != first and path.stat().st_uid == NOBODY_ID
        # The group stays, also one that the user is not in.
        os.chown(path, NOBODY_ID, 12345)
        assert_written(update_once(emulator, identity.flags, path))
        assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY_ID, 12345)
        # A file that only root may read, in a directory of root's that only root may enter.
        closed = directory_of(0, base / "closed", 0o700)
        file_of(0, closed / "credentials", "[default]\nx = 1\n")
        for name, target in (("link", closed / "credentials"), ("directory", closed)):
            link_of(NOBODY_ID, home / name, target)
        for there in (home / "link", home / "directory" / "credentials"):
            assert_fails(update_once(emulator, identity.flags, there), 2, "Permission denied")
        assert (closed / "credentials").read_text() == "[default]\nx = 1\n"
        assert os.listdir(closed) == ["credentials"]
        # A file of root's in it can be read, and cannot be replaced as root's.
        file_of(0, home / "roots", "[default]\nx = 1\n", 0o644)
        assert_fails(update_once(emulator, identity.flags, home / "roots"), 2, "owner")
        assert (home / "roots").read_text() == "[default]\nx = 1\n"


@as_root
def test_root_leaves_a_users_file_in_a_directory_of_its_own_to_that_user(identity, emulator):
    with reachable_directory() as base:
        path = file_of(NOBODY_ID, base / "credentials", "[default]\n")
        assert_written(update_once(emulator, identity.flags, path))
        keys_in(path)
        assert path.stat().st_uid == NOBODY_ID
        assert (base / ".credentials.rolecall-lock").stat().st_uid == NOBODY_ID


@as_root
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_root_says_who_gets_the_credentials(identity, emulator, mode):
    """Where anybody can make the file or directory that root was told to write."""
    with reachable_directory(mode) as base:
        path = file_of(ATTACKER, base / "credentials", "[default]\n")
        warning = f"belongs to user {ATTACKER}, and is in a directory that users other than root"
        assert_written(update_once(emulator, identity.flags, path), f"{path} {warning}")
        assert path.stat().st_uid == ATTACKER
        below = directory_of(ATTACKER, base / "aws") / "credentials"
        assert_written(update_once(emulator, identity.flags, below), f"{below.parent} {warning}")
        assert below.stat().st_uid == ATTACKER


@as_root
def test_a_group_of_the_user_alone_is_nobody_else(identity, emulator):
    """Links are followed though the group may write the directory, if nobody else is in it."""
    with reachable_directory() as base:
        real = file_of(0, base / "real", "[default]\n")
        group = directory_of(0, base / "group", 0o775)
        link = link_of(0, group / "link", real)
        assert_written(update_once(emulator, identity.flags, link))
        os.chown(group, 0, 4711)  # unknown
        group.chmod(0o775)
        assert_fails(update_once(emulator, identity.flags, link), 2, "is not followed")
        os.chown(group, 0, 0)
        # user::rwx, user:65534:rwx, group::r-x, mask::rwx, other::r-x (linux/posix_acl_xattr.h)
        entries = [(1, 7, 0xFFFFFFFF), (2, 7, NOBODY_ID), (4, 5, 0xFFFFFFFF), (16, 7, 0xFFFFFFFF),
                   (32, 5, 0xFFFFFFFF)]
        try:
            os.setxattr(group, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(
                struct.pack("<HHI", *entry) for entry in entries))
        except OSError as error:
            pytest.skip(f"no access control lists here: {error}")
        assert_fails(update_once(emulator, identity.flags, link), 2, "is not followed")


def test_a_list_that_the_directory_gives_new_files_gives_no_rights(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[default]\n")
    path.chmod(0o640)
    entries = [(1, 7, 0xFFFFFFFF), (2, 7, NOBODY_ID), (4, 7, 0xFFFFFFFF), (16, 7, 0xFFFFFFFF),
               (32, 0, 0xFFFFFFFF)]
    try:
        os.setxattr(tmp_path, "system.posix_acl_default", struct.pack("<I", 2) + b"".join(
            struct.pack("<HHI", *entry) for entry in entries))
    except OSError as error:
        pytest.skip(f"no access control lists here: {error}")
    assert_written(update_once(emulator, identity.flags, path))
    keys_in(path)
    assert "system.posix_acl_access" not in os.listxattr(path) and mode_of(path) == 0o640


@as_root
def test_no_right_to_become_the_user(identity, emulator):
    """Root in a container without capabilities writes no other user's file by its own rights."""
    with reachable_directory() as base:
        path = directory_of(NOBODY_ID, base / "home", 0o777) / "credentials"
        result = update_once(emulator, identity.flags, path,
                             prefix=("setpriv", "--bounding-set=-setuid", "--inh-caps=-setuid"))
        assert_fails(result, 1, f"cannot take the rights of user {NOBODY_ID}", "CAP_SETUID")
        assert not os.listdir(path.parent)


def test_root_of_a_user_namespace(identity, emulator, tmp_path):
    """Directories of users whom it does not know, as / is, are somebody else's."""
    path = tmp_path / "credentials"
    path.write_text("[default]\n")
    path.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to("credentials")
    # As nobody else than the owner of the test's files, whom it calls root; / is root's outside.
    with reachable_directory(0o777) if os.geteuid() == 0 else contextlib.nullcontext() as base:
        prefix, flags = ("unshare", "-r"), identity.flags
        if base:
            flags = identity_of(NOBODY_ID, identity, base)
            path = file_of(NOBODY_ID, base / "credentials", "[default]\n")
            link = link_of(NOBODY_ID, base / "link", "credentials")
            prefix = (*NOBODY, *prefix)
        probe = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
        if probe.returncode != 0:
            pytest.skip("no user namespaces here: " + probe.stderr.strip())
        for named in (path, link):
            assert_written(update_once(emulator, flags, named, prefix=prefix))
            keys_in(path)
