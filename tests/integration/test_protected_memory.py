"""The memory of a process that holds a secret: other processes of its user cannot read it, and no core
dump has it."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from support.passwords import PASSWORD, proc_file
from support.process import ARNS, BINARY, environment
from support.serve import eventually
from support.users import NOBODY, as_root
from support.verifier import Verifier, stall


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
        eventually(lambda: proc_file(plain.pid, "cmdline") == b"sleep\x0060\x00")
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
            if b"libasan" in proc_file(process.pid, "maps"):
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
            while not proc_file(process.pid, children.split("/", 3)[3]):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.02)
            limits = proc_file(process.pid, "limits").decode()
            assert re.search(r"Max core file size +0 ", limits), limits
            if b"libasan" not in proc_file(process.pid, "maps"):
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
