"""The prompt for a password on a terminal."""

import os
import pty
import select
import signal
import termios
import time

import pytest
from support.passwords import PASSWORD
from support.process import ARNS, BINARY, environment


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
        assert b"hint: is this the password of this file?" in terminal.seen


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
