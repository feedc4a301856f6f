"""A token directory behind a link or in a directory of another user, for `env` and `serve`."""

import os
import stat

import pytest
from support.process import ARNS, Emulator, assert_fails, run
from support.serve import Serve
from support.users import (ATTACKER, NOBODY, NOBODY_ID, as_root, directory_of, identity_of, link_of,
                           reachable_directory)


@pytest.fixture(name="emulator")
def running_emulator(identity):
    with Emulator(identity.root_file) as running:
        yield running


def chosen_by_another(case, base):
    """A path that another user rules, the directory of root's that it leads to, and the reason."""
    if case == "link":
        own = directory_of(0, base / "tokens", 0o700)
        return link_of(ATTACKER, base / "link", own), own, "is not followed: it belongs to user"
    parent = directory_of(NOBODY_ID, base / "parent")
    own = directory_of(0, parent / "tokens", 0o755)
    return own, own, "is in a directory of another user"


@as_root
@pytest.mark.parametrize("case", ["link", "parent"])
def test_env_takes_no_tokens_from_there(case):
    with reachable_directory() as base:
        path, _, why = chosen_by_another(case, base)
        assert_fails(run("env", "--token-dir", path), 2, why)


@as_root
@pytest.mark.parametrize("case", ["link", "parent"])
def test_serve_leaves_no_tokens_there(identity, emulator, case):
    with reachable_directory() as base:
        path, own, why = chosen_by_another(case, base)
        assert_fails(run("serve", *identity.flags, *ARNS, "--endpoint", emulator.url, "--port", 0,
                         "--token-dir", path), 2, why, "--token-dir")
        assert os.listdir(own) == []


def test_env_makes_nothing(tmp_path):
    assert_fails(run("env", "--token-dir", tmp_path / "a" / "b"), 2, "is rolecall serve running")
    (tmp_path / "file").write_text("")
    assert_fails(run("env", "--token-dir", tmp_path / "file"), 2, "file")
    assert os.listdir(tmp_path) == ["file"]


@as_root
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_directory_of_ones_own_in_a_volume_of_all(identity, emulator, mode):
    """An emptyDir of Kubernetes is root's, and everybody in the pod can write to it."""
    with reachable_directory(mode) as volume:
        flags = identity_of(NOBODY_ID, identity, directory_of(NOBODY_ID, volume / "identity"))
        logs = directory_of(NOBODY_ID, volume / "logs")
        tokens = volume / "tokens"
        with Serve(logs, "--token-dir", tokens, server=emulator, flags=flags,
                   user=NOBODY_ID, group=NOBODY_ID, extra_groups=[]):
            assert stat.S_IMODE(tokens.stat().st_mode) == 0o700
            found = run("env", "--token-dir", tokens, prefix=NOBODY)
            assert found.code == 0 and "AWS_CONTAINER_CREDENTIALS_FULL_URI" in found.out, found
