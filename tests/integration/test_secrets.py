"""Where passwords come from, and who can see them."""

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time

import pytest
from support import pki
from support.process import (ARNS, BINARY, assert_credentials, assert_fails,
                             environment, session)
from support.serve import eventually
from support.verifier import Verifier, stall

PASSWORD = "correct-horse-battery-staple"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


class Locked:
    """An identity whose key is encrypted, in a directory that everyone may enter."""

    def __init__(self, identity, directory):
        self.directory = directory
        self.flags = pki.write_identity(directory, identity.leaf)
        self.key = pki.write(directory, "leaf.key",
                             pki.key_pem(identity.leaf.key, password=PASSWORD.encode()))
        self.password_file = pki.write(directory, "password", PASSWORD.encode() + b"\n")


@pytest.fixture(scope="module")
def locked(identity, tmp_path_factory):
    return Locked(identity, tmp_path_factory.mktemp("locked"))


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


def strings_of(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


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
            assert PASSWORD.encode() not in strings_of(process.pid, "cmdline")
            if os.getuid() == 0:
                # Others cannot read it at all; not even root finds the password.
                assert PASSWORD.encode() not in strings_of(process.pid, "environ")
            limits = strings_of(process.pid, "limits").decode()
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
                         "env:X"), 2, "exclude")


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


# The terminal

class Terminal:
    """The program as the leader of a session with a terminal of its own."""

    def __init__(self, *arguments):
        self.seen = b""
        read_end, write_end = os.pipe()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.dup2(write_end, 1)
            null = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null, 0)
            os.execve(BINARY, [BINARY, "credential-process", *map(str, arguments)], environment())
        os.close(write_end)
        self.out = read_end

    def wait_for(self, text, count=1):
        deadline = time.monotonic() + 20
        while self.seen.count(text) < count and time.monotonic() < deadline:
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if ready:
                try:
                    self.seen += os.read(self.master, 4096)
                except OSError:  # the other end has closed
                    break
        assert self.seen.count(text) >= count, self.seen

    def wait_for_echo(self, on):
        deadline = time.monotonic() + 20
        while self.echo != on and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.echo == on

    def type(self, text):
        os.write(self.master, text)

    @property
    def echo(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def end(self):
        """Returns (status of waitpid, stdout)."""
        out = b""
        while True:
            ready, _, _ = select.select([self.master, self.out], [], [], 20)
            assert ready, self.seen
            if self.master in ready:
                try:
                    self.seen += os.read(self.master, 4096)
                except OSError:
                    ready = [self.out]
            if self.out in ready:
                more = os.read(self.out, 65536)
                if not more:
                    break
                out += more
        _, status = os.waitpid(self.pid, 0)
        try:
            while select.select([self.master], [], [], 0)[0]:
                self.seen += os.read(self.master, 4096)
        except OSError:
            pass
        os.close(self.master)
        os.close(self.out)
        return status, out


PROMPT = b"Password for private key file "


def at_the_prompt(server, flags, *more):
    terminal = Terminal(*flags, *ARNS, "--endpoint", server.url, *more)
    terminal.wait_for(PROMPT)
    terminal.wait_for_echo(False)
    return terminal


def test_prompt(locked, emulator):
    terminal = at_the_prompt(emulator, locked.flags)
    assert locked.key.encode() in terminal.seen
    terminal.type(PASSWORD.encode() + b"\n")
    status, out = terminal.end()
    assert status == 0 and b"AccessKeyId" in out, (status, terminal.seen)
    assert PASSWORD.encode() not in terminal.seen
    assert b"assword" not in out


def test_prompt_takes_its_time(locked, emulator):
    """--timeout is the network's and not the person's."""
    terminal = at_the_prompt(emulator, locked.flags, "--timeout", "3")
    time.sleep(3.5)
    terminal.type(PASSWORD.encode() + b"\n")
    assert terminal.end()[0] == 0, terminal.seen


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_prompt_three_tries(locked, emulator, wrong):
    terminal = at_the_prompt(emulator, locked.flags)
    for number in range(1, wrong + 1):
        terminal.type(b"hunter2hunter2\n")
        if number < 3:
            terminal.wait_for(b"Wrong password. " + PROMPT, number)
            terminal.wait_for_echo(False)
    if wrong < 3:
        terminal.type(PASSWORD.encode() + b"\n")
    status, out = terminal.end()
    assert terminal.seen.count(PROMPT) == min(wrong + 1, 3)
    assert b"hunter2" not in terminal.seen
    if wrong < 3:
        assert status == 0 and b"AccessKeyId" in out
    else:
        assert os.waitstatus_to_exitcode(status) == 2 and out == b""
        assert b"wrong password for private key file" in terminal.seen
        assert b"hint: is it the password of this very file?" in terminal.seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_at_the_prompt(locked, silent, number):
    terminal = at_the_prompt(silent, locked.flags)
    terminal.type(b"half a pass")
    os.kill(terminal.pid, number)
    # The terminal's state can be read from this side until it is closed.
    terminal.wait_for_echo(True)
    status, out = terminal.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number, status
    assert out == b"" and b"half" not in terminal.seen


def test_interrupt_key_at_the_prompt(locked, silent):
    terminal = at_the_prompt(silent, locked.flags)
    terminal.type(b"\x03")
    terminal.wait_for_echo(True)
    status, _ = terminal.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT


def test_end_of_input_at_the_prompt(locked, silent):
    terminal = at_the_prompt(silent, locked.flags)
    terminal.type(b"\x04")
    terminal.wait_for_echo(True)
    status, out = terminal.end()
    assert os.waitstatus_to_exitcode(status) == 1 and out == b""
    assert b"no password was given" in terminal.seen


def test_no_prompt_where_no_key_is_encrypted(identity, emulator):
    terminal = Terminal(*identity.flags, *ARNS, "--endpoint", emulator.url)
    status, out = terminal.end()
    assert status == 0 and b"AccessKeyId" in out
    assert terminal.seen == b""


def test_stopped_and_continued_at_the_prompt(locked, emulator):
    """Under a shell with job control, with the stop key."""
    command = " ".join([BINARY, "credential-process", *locked.flags, *ARNS, "--endpoint",
                        emulator.url])
    pid, master = pty.fork()
    if pid == 0:
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"],
                  environment({"PS1": "READY> ", "HISTFILE": "/dev/null"}))
    seen = b""

    def wait_for(text, count=1):
        nonlocal seen
        deadline = time.monotonic() + 20
        while seen.count(text) < count and time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 4096)
        assert seen.count(text) >= count, seen

    try:
        wait_for(b"READY> ")
        os.write(master, command.encode() + b" >&2\n")
        wait_for(PROMPT)  # which is shown when echo is off
        os.write(master, b"\x1a")
        wait_for(b"Stopped")
        wait_for(b"READY> ", 2)
        os.write(master, b"fg\n")
        wait_for(PROMPT, 2)
        os.write(master, PASSWORD.encode() + b"\n")
        wait_for(b"AccessKeyId")
        assert PASSWORD.encode() not in seen
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)


# Memory

def readers(pid):
    """Ways of one process into another's memory; the names of those that work."""
    script = (
        "import ctypes, sys\n"
        "pid = int(sys.argv[1])\n"
        "for name in ('mem', 'environ', 'maps'):\n"
        "    try:\n"
        "        open(f'/proc/{pid}/{name}', 'rb').read(1)\n"
        "        print(name)\n"
        "    except OSError as error:\n"
        "        if error.errno not in (1, 13): print(name, error)\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.ptrace(0x4206, pid, None, None) == 0: print('ptrace')\n")
    done = subprocess.run([*NOBODY, "/usr/bin/python3", "-c", script, str(pid)], cwd="/",
                          capture_output=True, text=True, check=True, env=environment())
    return done.stdout.split()


@as_root
def test_others_of_the_same_user_cannot_read_memory(locked, tmp_path):
    # Without the protection the same reader must succeed, or this test shows nothing.
    plain = subprocess.Popen([*NOBODY, "sleep", "60"], cwd="/")
    try:
        eventually(lambda: strings_of(plain.pid, "cmdline") == b"sleep\x0060\x00")
        if "ptrace" not in readers(plain.pid):
            pytest.skip("this machine lets nobody trace anything")
    finally:
        plain.kill()
        plain.wait()

    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as directory, \
            Verifier(stall()) as verifier:
        os.chmod(directory, 0o755)
        binary = shutil.copy(BINARY, directory)
        flags = []
        for flag, path in [*zip(locked.flags[::2], locked.flags[1::2]),
                           ("--password-source", locked.password_file)]:
            copy = shutil.copy(path, directory)
            os.chown(copy, 65534, 65534)
            flags += [flag, f"file:{copy}" if flag == "--password-source" else copy]
        process = subprocess.Popen(
            [*NOBODY, binary, "credential-process", *flags, *ARNS, "--endpoint", verifier.url],
            env=environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 20
            while not verifier.requests and time.monotonic() < deadline:
                time.sleep(0.02)
            assert verifier.requests
            if b"libasan" in strings_of(process.pid, "maps"):
                pytest.skip("a sanitizer must trace its process")
            assert readers(process.pid) == []
            if shutil.which("gcore"):
                core = subprocess.run([*NOBODY, "gcore", "-o", f"{directory}/core",
                                       str(process.pid)], capture_output=True, cwd="/",
                                      check=False, env=environment())
                assert core.returncode != 0
        finally:
            process.kill()
            process.communicate()


@as_root
@pytest.mark.parametrize("command", ["credential-process", "update", "sign-string",
                                     "read-certificate-data", "bindings"])
def test_every_command_that_holds_a_secret_is_protected(identity, command):
    """Looked at by its own user while it waits for the password."""
    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        binary = shutil.copy(BINARY, directory)
        store = directory / "store.p12"
        subprocess.run(["openssl", "pkcs12", "-export", "-in", identity.certificate, "-inkey",
                        identity.key, "-passout", f"pass:{PASSWORD}", "-out", store], check=True,
                       env=environment())
        arns = "".join(f'{key[2:]} = "{value}"\n' for key, value in zip(ARNS[::2], ARNS[1::2]))
        config = directory / "config.toml"
        config.write_text(arns + "password-source = 'command:sleep 60'\n[binding.b]\n"
                          f'certificate = "{store}"\n')
        for path in (store, config):
            os.chown(path, 65534, 65534)
            path.chmod(0o600)
        chosen = [] if command == "bindings" else ["--binding", "b"]
        process = subprocess.Popen(
            [*NOBODY, "prlimit", "--core=unlimited", binary, command, "--config", config, *chosen],
            env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials")}),
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            children = f"/proc/{process.pid}/task/{process.pid}/children"
            deadline = time.monotonic() + 20
            while not strings_of(process.pid, children.split("/", 3)[3]):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.02)
            limits = strings_of(process.pid, "limits").decode()
            assert re.search(r"Max core file size +0 ", limits), limits
            if b"libasan" not in strings_of(process.pid, "maps"):
                assert readers(process.pid) == []
        finally:
            process.kill()
            process.communicate()


def test_no_core_dump(locked, tmp_path):
    """Killed by a signal that dumps, where the limit of whoever starts it would allow it."""
    with Verifier(stall()) as verifier:
        process = subprocess.Popen(
            ["prlimit", "--core=unlimited", BINARY, "credential-process", *locked.flags, *ARNS,
             "--endpoint", verifier.url, "--password-source", f"file:{locked.password_file}"],
            env=environment(), cwd=tmp_path, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not verifier.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGQUIT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = status
        process.stdout.close()
        process.stderr.close()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGQUIT
    assert not os.WCOREDUMP(status)
    assert os.listdir(tmp_path) == []
