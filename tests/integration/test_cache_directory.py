"""The cache's directory behind links, and in directories of other users."""

import os
import re

import pytest
from support.process import Emulator, assert_credentials, session
from support.users import (ATTACKER, VICTIM, as_root, become, directory_of, identity_of, link_of,
                           reachable_directory)


@pytest.fixture
def emulator(identity):
    with Emulator(identity.root_file) as running:
        yield running


def cached(emulator, flags, place, **options):
    result = session(emulator, ["--cache", *flags], env={"XDG_CACHE_HOME": str(place)}, **options)
    assert_credentials(result)
    return result


def test_own_links_are_followed(identity, emulator, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    first, second = (cached(emulator, identity.flags, tmp_path / "link") for _ in range(2))
    assert first.err == second.err == ""
    assert first.out == second.out, "the second is not from the cache"
    entry, = (tmp_path / "real" / "rolecall").glob("*.json")
    assert entry.stat().st_mode & 0o777 == 0o600


@as_root
@pytest.mark.parametrize("user", [0, VICTIM])
def test_a_link_of_another_user_is_not_followed(identity, emulator, user):
    """In /tmp anybody can make the link before the directory's owner does."""
    with reachable_directory(0o1777) as shared:
        flags = identity_of(user, identity, directory_of(user, shared / "identity"))
        target = directory_of(user, shared / "own", 0o700)
        link = link_of(ATTACKER, shared / "link", target)
        result = cached(emulator, flags, link, prefix=become(user))
        # With fs.protected_symlinks, the kernel hides what is behind the link.
        assert len(result.warnings) == 1 and re.search(
            f"belongs to user {ATTACKER}|is a directory of this user", result.err), result
        assert os.listdir(target) == []


@as_root
def test_root_caches_nothing_in_a_directory_of_another_user(identity, emulator):
    with reachable_directory() as base:
        link_of(0, base / "link", directory_of(VICTIM, base / "home"))
        place = directory_of(0, base / "home" / "roots", 0o755)
        result = cached(emulator, identity.flags, base / "link" / "roots")
        assert len(result.warnings) == 1 and "nothing is cached" in result.err, result
        assert os.listdir(place) == []
