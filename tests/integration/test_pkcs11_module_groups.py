"""A PKCS#11 module that a group can write is loaded only if nobody else is in that group."""

import grp
import os
import shutil
import struct

import pytest
from support.process import assert_fails, run
from support.tokens import MODULE, SoftHsm
from support.users import NOBODY_ID, as_root


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    hsm = SoftHsm(tmp_path_factory.mktemp("hsm"))
    hsm.token("app")
    return hsm


@pytest.fixture(name="module")
def copied_module(tmp_path):
    (tmp_path / "upper" / "lib").mkdir(parents=True)
    return shutil.copy(MODULE, tmp_path / "upper" / "lib" / "module.so")


def load(tokens, path):
    return run("read-certificate-data", "--certificate", "pkcs11:", "--pkcs11-lib", path,
               env=tokens.env)


def make_writable(path, group, mode):
    os.chown(path, 0, group)
    os.chmod(path, mode)


@as_root
@pytest.mark.parametrize("what, mode", [("module.so", 0o664), (".", 0o775), ("..", 0o2775)])
def test_a_group_with_others(tokens, module, what, mode):
    path = os.path.normpath(os.path.join(os.path.dirname(module), what))
    make_writable(path, NOBODY_ID, mode)
    assert_fails(load(tokens, module), 2, rf"others in a group \({NOBODY_ID}\) .*can write to {path}",
                 "go-w")


@as_root
def test_a_group_without_members(tokens, module):
    staff = grp.getgrnam("staff")  # as /usr/local/lib of Debian
    if staff.gr_mem:
        pytest.skip("this machine's group staff has members")
    make_writable(os.path.dirname(module), staff.gr_gid, 0o2775)
    make_writable(module, staff.gr_gid, 0o664)
    result = load(tokens, module)
    assert (result.code, result.out) == (0, "No matching identities\n"), result


@as_root
def test_an_access_control_list(tokens, module):
    # user::rwx, user:65534:rw-, group::---, mask::rw-, other::--- (linux/posix_acl_xattr.h)
    entries = [(1, 7, 0xFFFFFFFF), (2, 6, NOBODY_ID), (4, 0, 0xFFFFFFFF), (16, 6, 0xFFFFFFFF),
               (32, 0, 0xFFFFFFFF)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(module, "system.posix_acl_access", acl)
    except OSError as error:
        pytest.skip(f"no access control lists here: {error}")
    assert_fails(load(tokens, module), 2, "access control list can write", "go-w")
