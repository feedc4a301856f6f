"""What carries a secret never reaches a program that rolecall starts or becomes, used or not."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from support import pki
from support.process import ARNS, BINARY, assert_credentials, environment, run

SECRET = "correct-horse-battery-staple"
PIN_URI = f"pkcs11:token=none;object=none?pin-value={SECRET}"
# Prints what it inherited: variables, open descriptors, and what it can read from standard input.
LOOK = ("import json, os, sys\n"
        "fds = {}\n"
        "for fd in range(0, 64):\n"
        "    try: fds[fd] = os.readlink(f'/proc/self/fd/{fd}')\n"
        "    except OSError: pass\n"
        "try: os.lseek(0, 0, 0)\n"
        "except OSError: pass\n"
        "print(json.dumps([dict(os.environ), fds, os.read(0, 4096).decode()]))\n")
PYTHON = [sys.executable, "-c", LOOK]


class Seen:
    def __init__(self, result):
        assert result.code == 0, result
        variables, descriptors, self.stdin = json.loads(result.out)
        self.variables = variables
        self.descriptors = {int(number): target for number, target in descriptors.items()}

    def assert_clean(self):
        assert SECRET not in str(self.variables), self.variables
        assert SECRET not in self.stdin


@pytest.fixture(name="home")
def private_home(tmp_path):
    """A place for the cache; without it nothing is kept."""
    path = tmp_path / "home"
    path.mkdir()
    return {"HOME": str(path)}


def flags_of(identity, emulator):
    return [*identity.flags, *ARNS, "--endpoint", emulator.url]


# The key of these runs is not encrypted, so that nothing is ever asked for a password.
VARIABLES = {
    "flag": (["--password-source", "env:KEY_PASSWORD"], {"KEY_PASSWORD": SECRET}, ""),
    "variable": ([], {"ROLECALL_PASSWORD_SOURCE": "env:KEY_PASSWORD", "KEY_PASSWORD": SECRET}, ""),
    "binding": (["--binding", "b"], {"KEY_PASSWORD": SECRET},
                "[binding.b]\npassword-source = 'env:KEY_PASSWORD'\n"),
    "table of the command": ([], {"KEY_PASSWORD": SECRET},
                             "[exec]\npassword-source = 'env:KEY_PASSWORD'\n"),
    "another source": (["--password-source", "file:/nonexistent"], {"KEY_PASSWORD": SECRET},
                       "password-source = 'env:KEY_PASSWORD'\n"),
    "an earlier flag": (["--password-source", "env:KEY_PASSWORD", "--password-source",
                         "file:/nonexistent"], {"KEY_PASSWORD": SECRET}, ""),
    "PIN": ([], {"ROLECALL_PIN": SECRET}, ""),
    "PIN beside a source": (["--password-source", "file:/nonexistent"],
                            {"ROLECALL_PIN": SECRET}, ""),
    "password": ([], {"ROLECALL_PKCS8_PASSWORD": SECRET}, ""),
    "TPM": (["--password-source", "file:/nonexistent"],
            {"ROLECALL_TPM_KEY_PASSWORD": SECRET}, ""),
    "misspelled": ([], {"ROLECALL_PKCS_PASSWORD": SECRET}, ""),
    "URI": ([], {"ROLECALL_PRIVATE_KEY": PIN_URI}, ""),
    "URI of another": ([], {"ROLECALL_INTERMEDIATES": PIN_URI, "ROLECALL_CERTIFICATE": PIN_URI},
                       ""),
}


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("refresh", [[], ["--refresh"]], ids=["exec", "refresh"])
def test_variables_of_secrets(identity, emulator, tmp_path, name, refresh):
    flags, variables, text = VARIABLES[name]
    config = tmp_path / "config.toml"
    config.write_text(text)
    config.chmod(0o600)
    if "ROLECALL_INTERMEDIATES" in variables:
        flags = [*flags, "--intermediates", ""]
    seen = Seen(run("exec", "--config", config, *flags_of(identity, emulator), *flags, *refresh,
                    "--", *PYTHON, env={**variables, "KEPT": "kept"}))
    seen.assert_clean()
    assert seen.variables["KEPT"] == "kept"
    if "ROLECALL_PASSWORD_SOURCE" in variables:
        assert seen.variables["ROLECALL_PASSWORD_SOURCE"] == "env:KEY_PASSWORD"


def test_a_hit_in_the_cache(identity, emulator, home):
    flags = [*flags_of(identity, emulator), "--cache", "--password-source", "env:KEY_PASSWORD"]
    assert_credentials(run("credential-process", *flags, env={**home, "KEY_PASSWORD": SECRET}))
    seen = Seen(run("exec", *flags, "--", *PYTHON,
                    env={**home, "KEY_PASSWORD": SECRET, "ROLECALL_PIN": SECRET}))
    seen.assert_clean()


def test_a_command_that_prints_a_password(identity, emulator, tmp_path):
    key = pki.write(tmp_path, "locked.key",
                    pki.key_pem(identity.leaf.key, password=SECRET.encode()))
    inherited = tmp_path / "inherited"
    script = tmp_path / "helper"
    script.write_text(f"#!/bin/sh\nenv >{inherited}\nls /proc/self/fd >>{inherited}\n"
                      f"cat {tmp_path}/password\n")
    script.chmod(0o700)
    pki.write(tmp_path, "password", SECRET.encode())
    result = run("credential-process", "--certificate", identity.certificate, "--private-key", key,
                 *ARNS, "--endpoint", emulator.url, "--password-source", f"command:{script}",
                 env={"ROLECALL_PIN": SECRET, "ROLECALL_PKCS8_PASSWORD": SECRET,
                      "ROLECALL_PASSWORD_SOURCE": "env:OTHER", "OTHER": SECRET})
    assert_credentials(result)
    assert "PATH=" in inherited.read_text() and SECRET not in inherited.read_text()


DESCRIPTORS = {
    "unused password": (lambda fd: ["--password-source", f"fd:{fd}"], {}, ""),
    "variable": (lambda fd: [], {"ROLECALL_PASSWORD_SOURCE": "fd:{fd}"}, ""),
    "binding": (lambda fd: ["--binding", "b"], {}, "[binding.b]\npassword-source = 'fd:{fd}'\n"),
    "another source": (lambda fd: ["--password-source", "file:/nonexistent"], {},
                       "password-source = 'fd:{fd}'\n"),
}


@pytest.mark.parametrize("name", DESCRIPTORS)
@pytest.mark.parametrize("refresh", [[], ["--refresh"]], ids=["exec", "refresh"])
def test_descriptors_of_passwords(identity, emulator, tmp_path, name, refresh):
    flags, variables, text = DESCRIPTORS[name]
    secret = pki.write(tmp_path, "password", SECRET.encode())
    kept = pki.write(tmp_path, "kept", b"kept")
    with open(secret, "rb") as file, open(kept, "rb") as other:
        fd = file.fileno()
        config = tmp_path / "config.toml"
        config.write_text(text.format(fd=fd))
        config.chmod(0o600)
        seen = Seen(run("exec", "--config", config, *flags_of(identity, emulator), *flags(fd),
                        *refresh, "--", *PYTHON, pass_fds=[fd, other.fileno()],
                        env={key: value.format(fd=fd) for key, value in variables.items()}))
        assert secret not in seen.descriptors.values(), seen.descriptors
        assert seen.descriptors[other.fileno()] == kept


@pytest.mark.parametrize("flag", ["--certificate", "--private-key", "--intermediates"])
@pytest.mark.parametrize("refresh", [[], ["--refresh"]], ids=["exec", "refresh"])
@pytest.mark.parametrize("standard", [False, True], ids=["fd", "stdin"])
def test_files_from_descriptors(identity, emulator, flag, refresh, standard):
    flags = [*identity.flags, "--intermediates", identity.certificate]
    path = flags[flags.index(flag) + 1]
    with open(path, "rb") as file:
        fd = file.fileno()
        flags[flags.index(flag) + 1] = "-" if standard else f"fd:{fd}"
        options = {"stdin": file} if standard else {"pass_fds": [fd]}
        seen = Seen(run("exec", *flags, *ARNS, "--endpoint", emulator.url, *refresh, "--", *PYTHON,
                        **options))
    assert path not in seen.descriptors.values(), seen.descriptors
    assert seen.stdin == ""
    if standard:
        assert seen.descriptors[0] == "/dev/null"


def test_standard_input_that_is_no_source_is_the_commands(identity, emulator, tmp_path):
    path = pki.write(tmp_path, "input", b"for the command")
    with open(path, "rb") as file:
        seen = Seen(run("exec", *flags_of(identity, emulator), "--", *PYTHON, stdin=file))
    assert seen.stdin == "for the command"


def test_a_path_that_looks_like_standard_input(identity, emulator, tmp_path):
    """--config - is a file of that name."""
    pki.write(tmp_path, "-", b"")
    path = pki.write(tmp_path, "input", b"for the command")
    with open(path, "rb") as file:
        seen = Seen(run("exec", *flags_of(identity, emulator), "--config", "-", "--", *PYTHON,
                        stdin=file, cwd=tmp_path))
    assert seen.stdin == "for the command"


@pytest.mark.skipif(os.getuid() != 0, reason="the environment of a protected process is root's")
@pytest.mark.parametrize("command", ["serve", "update"])
def test_environ_of_a_process_that_goes_on(identity, emulator, tmp_path, command):
    """Also of two variables with one name, of which getenv(3) sees the first."""
    own = {"serve": ["--port", "0", "--token-dir", tmp_path / "tokens"], "update": []}[command]
    script = ("import os, sys\n"
              "import ctypes\n"
              "words = [w.encode() for w in sys.argv[1:]]\n"
              f"block = [b'KEY_PASSWORD={SECRET}', b'KEY_PASSWORD={SECRET}2',\n"
              f"         b'ROLECALL_PIN={SECRET}', b'ROLECALL_PKCS8_PASSWORD={SECRET}',\n"
              "         b'PATH=/usr/bin:/bin', b'KEPT=kept',\n"
              f"         b'AWS_SHARED_CREDENTIALS_FILE={tmp_path}/credentials',\n"
              f"         b'HOME={tmp_path}']\n"
              "block += [f'{k}={v}'.encode() for k, v in os.environ.items() if 'SAN_' in k]\n"
              "array = lambda items: (ctypes.c_char_p * (len(items) + 1))(*items, None)\n"
              "ctypes.CDLL(None).execve(words[0], array(words), array(block))\n")
    process = subprocess.Popen(
        [sys.executable, "-c", script, BINARY, command, *flags_of(identity, emulator), "--debug",
         "--password-source", "env:KEY_PASSWORD", *map(str, own)],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if re.search("listening|wrote the credentials", line):
                break
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            environ = file.read()
        assert b"KEPT=kept" in environ
        assert SECRET.encode() not in environ, environ
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
