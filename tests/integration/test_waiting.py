"""On a terminal a line says what takes longer than a second, and is gone when that is over."""

import os
import pty
import subprocess

import pytest
from support import pki
from support.process import ARNS, BINARY, environment, run
from support.verifier import Verifier, stall

ERASED = "\r\x1b[K"


def words(identity, url, *more):
    return ["credential-process", *identity.flags, *ARNS, "--endpoint", url, *more]


def on_terminal(arguments, columns=500, **env):
    """What the program writes to a terminal that is its stderr, and its stdout."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "cols", str(columns)], stdin=theirs, check=True)
    with subprocess.Popen([BINARY, *arguments], env=environment({"TERM": "xterm", **env}),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs,
                          text=True) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # its end
                break
            if not part:
                break
            seen += part
        out = process.stdout.read()
    os.close(ours)
    return seen.decode().replace("\r\n", "\n"), out


def assert_first(seen, line):
    """It is shown first, and nothing is left. On a busy machine the service may follow."""
    shown = seen.split(ERASED)
    assert shown[0] == line and shown[-1] == "", seen


@pytest.fixture(scope="module", name="stalled")
def stalled_server():
    with Verifier(stall()) as verifier:
        yield verifier


def test_the_service(identity, stalled):
    seen, out = on_terminal(words(identity, stalled.url, "--timeout", "3"))
    line = f"rolecall: waiting for an answer of {stalled.url}"
    assert seen.startswith(line + ERASED + "rolecall: error: ") and out == "", seen
    assert seen.count("waiting for") == 1, seen


def test_a_command_for_the_password(identity, emulator, tmp_path):
    key = pki.write(tmp_path, "e.key", pki.key_pem(identity.leaf.key, password=b"secret"))
    script = tmp_path / "password"
    script.write_text("#!/bin/sh\nsleep 2\necho secret\n")
    script.chmod(0o700)
    arguments = ["credential-process", "--certificate", identity.certificate, "--private-key", key,
                 *ARNS, "--endpoint", emulator.url, "--password-source", f"command:{script}"]
    seen, out = on_terminal(arguments)
    assert_first(seen, f"rolecall: waiting for command {script}")
    assert "AccessKeyId" in out


def test_a_pipe(identity, emulator, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'exec 3>"$1"; sleep 2; cat "$2" >&3', "x", pipe,
                           identity.certificate]):
        seen, out = on_terminal(["credential-process", "--certificate", str(pipe), "--private-key",
                                 identity.key, *ARNS, "--endpoint", emulator.url])
    assert_first(seen, f"rolecall: waiting for input: certificate file {pipe}")
    assert "AccessKeyId" in out


def test_a_narrow_terminal(identity, stalled):
    """A line that wraps could not be removed."""
    seen, _ = on_terminal(words(identity, stalled.url, "--timeout", "3"), columns=30)
    assert seen.split(ERASED)[0] == f"rolecall: waiting for an answer of {stalled.url}"[:29], seen


def test_nothing_where_nobody_looks(identity, stalled):
    """In a pipe, with --debug, and on a terminal that cannot remove a line."""
    more = ("--timeout", "2.5")
    assert "waiting" not in run(*words(identity, stalled.url, *more)).err
    seen, _ = on_terminal(words(identity, stalled.url, *more, "--debug"))
    assert "waiting for" not in seen and "\x1b" not in seen
    seen, _ = on_terminal(words(identity, stalled.url, *more), TERM="dumb")
    assert seen.startswith("rolecall: error: "), seen


def test_nothing_is_left(identity, emulator):
    seen, out = on_terminal(words(identity, emulator.url))
    assert seen.split(ERASED)[-1] == "" and "AccessKeyId" in out
