"""`rolecall env` and a token directory behind a link or in a directory of another user."""

import pytest
from support.process import assert_fails, run
from support.users import ATTACKER, NOBODY_ID, as_root, directory_of, link_of, reachable_directory


@as_root
@pytest.mark.parametrize("case", ["link", "parent"])
def test_a_directory_that_another_user_chose(case):
    with reachable_directory() as base:
        if case == "link":
            directory_of(0, base / "tokens", 0o700)
            path = link_of(ATTACKER, base / "link", base / "tokens")
            why = "is not followed: it belongs to user"
        else:
            parent = directory_of(NOBODY_ID, base / "parent")
            path = directory_of(0, parent / "tokens", 0o755)
            why = "is in a directory of another user"
        assert_fails(run("env", "--token-dir", path), 2, why)
