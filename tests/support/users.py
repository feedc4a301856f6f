"""Other users of the machine, for tests that root runs."""

import contextlib
import os
import pathlib
import shutil
import tempfile

import pytest

from support import pki

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")
NOBODY_ID = 65534
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
# Users that no database knows.
VICTIM, ATTACKER = 20001, 20002


def become(user):
    """The words before a command that runs it as `user`."""
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")


@contextlib.contextmanager
def reachable_directory(mode=0o755):
    """One of root's that every user can reach: pytest's are closed to others."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="rolecall-test-"))
    directory.chmod(mode)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def directory_of(user, path, mode=0o755):
    path.mkdir()
    path.chmod(mode)
    os.chown(path, user, user)
    return path


def file_of(user, path, text="", mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    os.chown(path, user, user)
    return path


def link_of(user, path, target):
    path.symlink_to(target)
    os.chown(path, user, user, follow_symlinks=False)
    return path


def identity_of(user, identity, directory):
    """Flags of the identity, in files that `user` can read."""
    flags = pki.write_identity(directory, identity.leaf)
    for path in (flags[1], flags[3]):
        os.chown(path, user, user)
    return flags
