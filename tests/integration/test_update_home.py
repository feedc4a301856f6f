"""`update` and `configure` without HOME: the home directory of the user database is not theirs."""

import os
import pathlib
import pwd

import pytest
from support.process import ARNS, assert_fails, run

HOME = pathlib.Path(pwd.getpwuid(os.geteuid()).pw_dir)


def aws_files():
    """What is in the real home directory, and when it was changed."""
    return {path: path.stat().st_mtime_ns for path in (HOME / ".aws").glob("*")}


@pytest.mark.parametrize("home", ["unset", "empty"])
@pytest.mark.parametrize("command, variable", [
    (["update", "--once"], "AWS_SHARED_CREDENTIALS_FILE"),
    (["update"], "AWS_SHARED_CREDENTIALS_FILE"),
    (["configure", "--profile", "demo"], "AWS_CONFIG_FILE")])
def test_nothing_is_written_without_home(identity, silent, command, variable, home):
    before = aws_files()
    prefix = ("env", "-u", "HOME") if home == "unset" else ("env", "HOME=")
    result = run(*command, *identity.flags, *ARNS, "--endpoint", silent.url, prefix=prefix)
    assert_fails(result, 2, "HOME is not set", f"set HOME, or set {variable} to the path")
    assert aws_files() == before


@pytest.mark.parametrize("path, pattern", [
    ("file/credentials", "cannot open directory .*file: Not a directory"),
    ("n" * 300, "File name too long"), ("directory/", "is a directory"), ("/", "is a directory"),
    ("/dev/null", "is not a regular file")])
def test_paths_that_can_be_no_file(identity, emulator, tmp_path, path, pattern):
    (tmp_path / "file").touch()
    result = run("update", "--once", *identity.flags, *ARNS, "--endpoint", emulator.url,
                 cwd=tmp_path, env={"AWS_SHARED_CREDENTIALS_FILE": path})
    assert_fails(result, 2, pattern)
    assert os.listdir(tmp_path) == ["file"]


def test_files_that_are_named_need_no_home(identity, emulator, tmp_path):
    prefix = ("env", "-u", "HOME")
    common = [*identity.flags, *ARNS, "--endpoint", emulator.url]
    env = {"AWS_CONFIG_FILE": str(tmp_path / "config"),
           "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys")}
    for command in (["update", "--once"], ["configure", "--profile", "demo"]):
        result = run(*command, *common, prefix=prefix, env=env)
        assert result.code == 0, result
    assert {"config", "keys"} <= set(os.listdir(tmp_path))
    tilde = {**env, "AWS_SHARED_CREDENTIALS_FILE": "~/keys"}
    assert_fails(run("update", "--once", *common, prefix=prefix, env=tilde), 2, "HOME is not set")
