"""Where passwords come from, and that nobody else sees them."""

import os
import re
import subprocess
import time

import pytest
from support import pki
from support.passwords import PASSWORD, proc_file
from support.process import ARNS, BINARY, assert_credentials, assert_fails, environment, session
from support.verifier import Verifier, stall


def pipe_with(content):
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    return read_end


class Given:
    """The flags, environment and descriptors of one way to give the password."""

    def __init__(self, flags, env=None, fds=()):
        self.flags, self.env, self.fds = flags, env or {}, list(fds)

    @property
    def options(self):
        return {"env": self.env, "pass_fds": self.fds}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for fd in self.fds:
            os.close(fd)


def give(locked, kind):
    source = "--password-source"
    if kind == "flag":
        return Given(["--pkcs8-password", PASSWORD])
    if kind == "flag with =":
        return Given([f"--pkcs8-password={PASSWORD}"])
    if kind == "env":
        return Given([source, "env:KEY_PASSWORD"], {"KEY_PASSWORD": PASSWORD})
    if kind == "file":
        return Given([source, f"file:{locked.password_file}"])
    if kind == "fd":
        fd = pipe_with(PASSWORD.encode())
        return Given([source, f"fd:{fd}"], fds=[fd])
    if kind == "credential":
        return Given([source, "credential:password"],
                     {"CREDENTIALS_DIRECTORY": str(locked.directory)})
    if kind == "variable":
        return Given([], {"ROLECALL_PKCS8_PASSWORD": PASSWORD})
    if kind == "configuration":
        return Given(["--config", pki.write(locked.directory, "config.toml",
                                            f"pkcs8-password = '{PASSWORD}'".encode())])
    return Given([source, f"command:cat '{locked.password_file}'"])


KINDS = ["flag", "flag with =", "env", "file", "fd", "credential", "command", "variable",
         "configuration"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_source(locked, emulator, kind):
    with give(locked, kind) as given:
        result = session(emulator, locked.flags, *given.flags, start_new_session=True,
                         **given.options)
    assert_credentials(result)
    if kind.startswith("flag"):
        assert len(result.warnings) == 1 and "every user" in result.err, result
        assert PASSWORD not in result.err, result
    else:
        assert result.err == "", result


@pytest.mark.parametrize("kind", KINDS)
def test_debug_shows_no_password(locked, emulator, kind):
    with give(locked, kind) as given:
        result = session(emulator, locked.flags, *given.flags, "--debug", start_new_session=True,
                         **given.options)
    assert_credentials(result)
    assert PASSWORD not in result.err + result.out


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_sees_it_in_a_run(locked, kind):
    """Looked at while the program waits for a server's answer, as root where that can be."""
    with Verifier(stall()) as verifier, give(locked, kind) as given:
        process = subprocess.Popen(
            [BINARY, "credential-process", *locked.flags, *ARNS, "--endpoint", verifier.url,
             *given.flags], env=environment(given.env), pass_fds=given.fds,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 20
            while not verifier.requests and time.monotonic() < deadline:
                time.sleep(0.02)
            assert verifier.requests, process.poll()
            ps = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(process.pid)],
                                capture_output=True, check=False).stdout
            assert PASSWORD.encode() not in ps
            assert PASSWORD.encode() not in proc_file(process.pid, "cmdline")
            if os.getuid() == 0:
                # Others cannot read it at all; not even root finds the password.
                assert PASSWORD.encode() not in proc_file(process.pid, "environ")
            limits = proc_file(process.pid, "limits").decode()
            assert re.search(r"Max core file size +0 ", limits), limits
        finally:
            process.kill()
            _, err = process.communicate()
        assert PASSWORD.encode() not in err


@pytest.mark.parametrize("kind,flags,env,pattern", [
    ("no value", [""], {}, None),
    ("unknown kind", ["vault:x"], {}, "password-source"),
    ("no kind", ["hunter2hunter2"], {}, "password-source"),
    ("empty", ["file:"], {}, "password-source"),
    ("unset", ["env:NOT_SET"], {}, "NOT_SET.*not set"),
    ("empty variable", ["env:EMPTY"], {"EMPTY": ""}, "empty"),
    ("no file", ["file:/nonexistent/x"], {}, "password file.*No such file"),
    ("directory", ["file:/"], {}, "directory"),
    ("closed descriptor", ["fd:700"], {}, "not open"),
    ("no number", ["fd:x"], {}, "descriptor"),
    ("no directory", ["credential:x"], {}, "CREDENTIALS_DIRECTORY"),
    ("a path", ["credential:../x"], {"CREDENTIALS_DIRECTORY": "/etc"}, "slash|name"),
    ("the directory itself", ["credential:.."], {"CREDENTIALS_DIRECTORY": "/etc"}, "name"),
    ("no such credential", ["credential:none-x"], {"CREDENTIALS_DIRECTORY": "/etc"}, "No such"),
    ("no program", ["command:/nonexistent/x hunter2hunter2"], {}, "No such file"),
    ("shell syntax", ["command:echo hunter2hunter2 | cat"], {}, "shell"),
    ("open quote", ["command:echo 'hunter2hunter2"], {}, "quote"),
    ("empty output", ["command:true"], {}, "empty"),
    ("wrong", ["command:echo hunter2hunter2"], {}, "wrong password.*command echo"),
    ("wrong in a file", ["file:/etc/hostname"], {}, "wrong password.*file:/etc/hostname"),
])
def test_sources_that_give_none(locked, silent, kind, flags, env, pattern):
    result = session(silent, locked.flags, "--password-source", *flags, env=env,
                     start_new_session=True)
    if kind == "no value":
        assert result.code == 2, result
        return
    assert_fails(result, 2, pattern)
    assert "hunter2" not in result.err, result


def test_command_that_fails_is_not_a_wrong_password(locked, silent):
    result = session(silent, locked.flags, "--password-source",
                     "command:sh -c 'echo sealed >&2; exit 3'")
    assert_fails(result, 1, "command sh ended with exit code 3")
    assert "sealed" in result.err


def test_flag_and_source_exclude_each_other(locked, silent):
    assert_fails(session(silent, locked.flags, "--pkcs8-password", PASSWORD, "--password-source",
                         "env:X"), 2, "cannot be used together")


def test_wrong_flag_and_descriptor_used_twice(locked, silent):
    assert_fails(session(silent, locked.flags, "--pkcs8-password", "hunter2hunter2"), 2,
                 "wrong password.*--pkcs8-password")
    assert_fails(session(silent, [*locked.flags[:3], "-"], "--password-source", "fd:0"), 2,
                 "--private-key and --password-source")


@pytest.mark.parametrize("content", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n"])
def test_one_line_end_is_cut(locked, emulator, tmp_path, content):
    path = pki.write(tmp_path, "password", content.encode())
    assert_credentials(session(emulator, locked.flags, "--password-source", f"file:{path}"))


def test_only_one_line_end_is_cut(locked, silent, tmp_path):
    path = pki.write(tmp_path, "password", PASSWORD.encode() + b"\n\n")
    assert_fails(session(silent, locked.flags, "--password-source", f"file:{path}"), 2, "wrong")


def test_mode_of_the_password_file(locked, emulator, tmp_path):
    path = pki.write(tmp_path, "password", PASSWORD.encode())
    os.chmod(path, 0o644)
    result = session(emulator, locked.flags, "--password-source", f"file:{path}")
    assert_credentials(result)
    assert len(result.warnings) == 1 and "mode 0644" in result.err, result


@pytest.mark.parametrize("source", ["file:/nonexistent", "env:NOT_SET", "fd:700", "credential:x",
                                    "command:/nonexistent"])
def test_no_source_is_read_where_no_key_is_encrypted(identity, emulator, source):
    result = session(emulator, identity.flags, "--password-source", source)
    assert_credentials(result)
    assert result.err == "", result


def test_command_runs_without_a_shell(locked, emulator, tmp_path):
    script = tmp_path / "a helper"
    script.write_text(f"#!/bin/sh\n[ \"$1\" = '*' ] && [ \"$2\" = 'x y' ] && echo {PASSWORD}\n")
    script.chmod(0o700)
    result = session(emulator, locked.flags, "--password-source", f"command:'{script}' * \"x y\"")
    assert_credentials(result)
