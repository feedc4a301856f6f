"""libfaketime: programs with a wall clock that a test moves."""

import pathlib

import pytest
from support.process import is_static

LIBRARY = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
needed = pytest.mark.skipif(
    LIBRARY is None or is_static(),
    reason="libfaketime is not installed, or the program is the static one, which loads no library")


def variables(**more):
    """For programs whose wall clock is moved. Their steady clock goes on."""
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0", **more}


def follow(file):
    """The variables of programs that read in this file how to move their wall clock. The sandbox would
    forbid the file."""
    return variables(FAKETIME_TIMESTAMP_FILE=str(file), FAKETIME_NO_CACHE="1")
