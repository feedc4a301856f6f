"""Running the program: once to its end, or as a server until stopped."""

import contextlib
import functools
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import time

import pytest

BINARY = os.environ.get(
    "ROLECALL", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "rolecall"))

# Where the helpers of the tests have been built, which is not where the portable program is.
BUILD = pathlib.Path(os.environ.get("BUILD_OF_ROLECALL", pathlib.Path(BINARY).parent))
ACCOUNT = "111122223333"
REGION = "eu-west-1"
ANCHOR_ARN = (f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:"
              "trust-anchor/11111111-1111-4111-8111-111111111111")
PROFILE_ARN = (f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:"
               "profile/22222222-2222-4222-8222-222222222222")
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/Example"
# Seconds for a run that is to end soon or at its own --timeout: far above both, as a busy machine is slow,
# and far below the 30 that --timeout is by default, and below what the other side waits.
PATIENCE = 20
ARNS = ["--trust-anchor-arn", ANCHOR_ARN, "--profile-arn", PROFILE_ARN, "--role-arn", ROLE_ARN]


def environment(extra=None):
    """Nothing of the caller's environment but what a sanitizer build needs."""
    result = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C"}
    result.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
    result.update(extra or {})
    return result


class Result:
    def __init__(self, command, code, out, err, seconds):
        self.command, self.code, self.out, self.err = command, code, out, err
        self.seconds = seconds

    @property
    def errors(self):
        """The texts after `rolecall: error: `."""
        return [line.split(": error: ", 1)[1] for line in self.err.splitlines()
                if line.startswith("rolecall: error: ")]

    @property
    def hint(self):
        return "\n".join(line[len("hint: "):] for line in self.err.splitlines()
                         if line.startswith("hint: "))

    @property
    def warnings(self):
        return [line for line in self.err.splitlines() if line.startswith("rolecall: warning: ")]

    @property
    def credentials(self):
        return json.loads(self.out)

    def __repr__(self):
        return (f"\n$ {' '.join(self.command)}\nexit {self.code} after {self.seconds:.2f} s\n"
                f"--- stdout\n{self.out}\n--- stderr\n{self.err}\n---")


def run(*arguments, env=None, timeout=60, prefix=(), binary=BINARY, **options):
    """Runs the program to its end; `prefix` is a command that starts it (setpriv …)."""
    command = [*map(str, prefix), binary, *map(str, arguments)]
    begin = time.monotonic()
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(command, stderr=subprocess.PIPE, env=environment(env), timeout=timeout,
                          text=True, errors="backslashreplace", check=False, **options)
    return Result(command, done.returncode, done.stdout or "", done.stderr,
                  time.monotonic() - begin)


@functools.cache
def build_kind():
    """"shared" (with the libraries of the system), "portable" or "static"."""
    return re.search(r"^build: (\w+)$", run("version", "--verbose").out, re.M).group(1)


def is_static():
    return build_kind() == "static"


def needs_dynamic_build(what):
    """Skips the test if the program is the static one."""
    if is_static():
        pytest.skip(f"the static program has no {what}")


def needs_libraries_of_the_system(what):
    if build_kind() != "shared":
        pytest.skip(f"a program with its libraries inside has no {what}")


def credential_process(*arguments, **options):
    return run("credential-process", *arguments, **options)


def session(server, flags, *more, **options):
    """credential-process with `flags` for the identity and ARNS, against a server or its URL."""
    return credential_process(*flags, *ARNS, "--endpoint", getattr(server, "url", server), *more,
                              **options)


def assert_credentials(result):
    """Exit 0, and the one line of JSON."""
    assert result.code == 0, result
    assert result.out.endswith("\n") and result.out.count("\n") == 1, result
    credentials = result.credentials
    assert credentials["Version"] == 1, result
    for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"):
        assert credentials[name], result
    return credentials


def read_terminal(leader):
    """All that a terminal shows, until nobody has its other end any more."""
    text = b""
    with contextlib.suppress(OSError):
        while part := os.read(leader, 65536):
            text += part
    return text


def assert_fails(result, code, pattern=None, hint=None):
    """One error in the house's form, nothing on stdout, and no exit by signal."""
    assert result.code == code, result
    assert result.out == "", result
    assert len(result.errors) == 1, result
    text = result.errors[0]
    assert text and not text.endswith("."), result
    # Lower case, but for names such as AccessDeniedException, flags and quoted text.
    first = re.match(r"[A-Za-z]*", text).group()
    assert first == first.lower() or re.fullmatch(r"[A-Z]+|([A-Z][a-z]+){2,}", first), result
    if pattern is not None:
        assert re.search(pattern, result.err, re.I), (pattern, result)
    if hint is not None:
        assert re.search(hint, result.hint, re.I), (hint, result)
    return result


def free_port():
    """Free a moment ago: for what cannot take port 0, or where nothing shall listen."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _states(pid):
    """The state of each thread, as the kernel's letter (proc(5), "stat")."""
    states = []
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            states.append((thread / "stat").read_text().rsplit(")", 1)[1].split()[0])
    return states


def pause(pid, patience=30):
    """Stops a process, and returns when none of its threads runs any more.

    kill(2) returns before a thread on another processor has seen the signal."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + patience
    while any(state not in "TZX" for state in _states(pid)):
        assert time.monotonic() < end, f"process {pid} did not stop"
        time.sleep(0.002)


@contextlib.contextmanager
def paused(pid):
    """The process stands still in the with statement."""
    pause(pid)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Emulator:
    """`rolecall emulate` until the end of the with statement; `prefix` is a command that starts it."""

    def __init__(self, trust_anchor, *arguments, env=None, cwd=None, prefix=()):
        self.command = [*prefix, BINARY, "emulate", "--trust-anchor", str(trust_anchor),
                        *map(str, arguments)]
        self.env, self.cwd = env, cwd

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(self.env),
                                        cwd=self.cwd)
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith("listening on "):
            self.process.kill()
            raise AssertionError(f"{self.command} did not start: {line!r}\n"
                                 + self.process.communicate()[1].decode())
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            _, err = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        # What --log and a sanitizer have written; read by tests after the with statement.
        self.err = err.decode()
        assert self.process.returncode == 0, (self.process.returncode, self.err)
