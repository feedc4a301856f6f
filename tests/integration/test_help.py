"""How wide --help is: as COLUMNS says, or else as the terminal is. What it says is tested in
tests/unit/commands/help_test.cpp."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest
from support.process import BINARY, environment, read_terminal, run

COMMANDS = re.findall(r"^  ([a-z-]+)  +\w", run("--help").out, re.MULTILINE)


def help_on_terminal(columns, *arguments):
    leader, terminal = pty.openpty()
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen([BINARY, *arguments, "--help"], stdout=terminal, stdin=terminal,
                                 env=environment())
        os.close(terminal)
        text = read_terminal(leader)
        assert child.wait(timeout=20) == 0
    finally:
        os.close(leader)
    return text.decode().replace("\r\n", "\n")


def longest(text):
    """Of the lines that may be wrapped: a line of ~/.aws/config and a variable may not."""
    return max(len(line) for line in text.splitlines() if "=/usr" not in line.replace(" ", "")
               and "http://127" not in line)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_width(command):
    arguments = [command, "--help"] if command else ["--help"]
    usual = run(*arguments)
    assert usual.code == 0 and usual.err == "" and max(map(len, usual.out.splitlines())) <= 79, usual
    narrow = run(*arguments, env={"COLUMNS": "60"})
    assert longest(narrow.out) < 60, narrow
    assert narrow.out.split() == usual.out.split()


def test_the_width_of_a_terminal():
    narrow = help_on_terminal(60, "serve")
    assert 50 < longest(narrow) < 60
    assert narrow == run("serve", "--help", env={"COLUMNS": "60"}).out
    assert 90 < longest(help_on_terminal(300, "serve")) < 100


@pytest.mark.parametrize("columns", ["", "0", "wide", "-5", "80x"])
def test_what_is_no_width(columns):
    assert run("serve", "--help", env={"COLUMNS": columns}).out == run("serve", "--help").out


def test_a_command_begins_its_line():
    """Scripts and completions find the commands there, also if a summary needs several lines."""
    for columns in ("40", "79"):
        text = run("--help", env={"COLUMNS": columns}).out
        assert re.findall(r"^  ([a-z-]+)  +\w", text, re.MULTILINE) == COMMANDS
