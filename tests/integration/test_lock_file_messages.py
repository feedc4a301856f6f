"""What `update` says about a lock file that it cannot use, and what it does then."""

import os
import re

import pytest

from support.updates import update_once
from support.users import (ATTACKER, VICTIM, as_root, become, directory_of, file_of, identity_of,
                           reachable_directory)


@as_root
@pytest.mark.parametrize("case", ["no rights", "of another user", "a directory", "a link"])
def test_the_reason_is_the_true_one(identity, emulator, case):
    with reachable_directory() as base:
        flags = identity_of(VICTIM, identity, base)
        aws = directory_of(VICTIM, base / "aws")
        path = file_of(VICTIM, aws / "credentials", "[default]\nx = 1\n")
        lock = aws / ".credentials.rolecall-lock"
        expected = {"no rights": "cannot be opened: Permission denied; ",
                    "of another user": rf"belongs to user {ATTACKER} \(remove it\); "}.get(
                        case, r"is not a regular file \(remove it\); ")
        if case == "no rights":
            file_of(VICTIM, lock, mode=0o000)
        elif case == "of another user":
            file_of(ATTACKER, lock, mode=0o600)
        elif case == "a directory":
            directory_of(VICTIM, lock)
        else:
            os.symlink("elsewhere", lock)
        result = update_once(emulator, flags, path, prefix=become(VICTIM))
        assert result.code == 0, result
        assert f"lock file {lock} " in result.err, result
        assert re.search(expected + f"{path} itself is locked instead", result.err), result
        assert "aws_session_token" in path.read_text()
