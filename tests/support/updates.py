"""Runs of `update`, and the file that they write."""

import configparser
import os
import stat
import subprocess

from support.process import ARNS, BINARY, environment, run

KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def arguments(server, flags, *more):
    return ["update", *flags, *ARNS, "--endpoint", getattr(server, "url", server), *more]


def update_once(server, flags, path, *more, env=None, **options):
    """`path`: of the credentials file, None for the one under HOME."""
    env = dict(env or {})
    if path is not None:
        env["AWS_SHARED_CREDENTIALS_FILE"] = str(path)
    return run(*arguments(server, flags, "--once", *more), env=env, **options)


def start(server, flags, path, *more):
    return subprocess.Popen([BINARY, *arguments(server, flags, *more)],
                            env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path)}),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def leftovers(path):
    return [entry for entry in os.listdir(path.parent) if "rolecall-new" in entry]


def assert_written(result, *warnings):
    """Exit 0, and one warning for each of `warnings`, which is in it."""
    assert result.code == 0 and result.out == "" and not result.errors, result
    assert len(result.warnings) == len(warnings), (warnings, result)
    for warning in warnings:
        assert [w for w in result.warnings if warning in w], (warning, result)
    return result


def keys_in(path, profile="default"):
    """The three values; each has the form that `emulate` gives it."""
    parser = configparser.RawConfigParser()
    parser.read_string(path.read_text())
    section = dict(parser.items(profile))
    assert section[KEYS[0]].startswith("ASIA") and all(section[key] for key in KEYS), section
    return tuple(section[key] for key in KEYS)


def assert_updated(result):
    assert result.code == 0 and result.out == "" and not result.errors, result
    return result


def parse(content):
    parser = configparser.RawConfigParser()
    parser.read_string(content)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)
