"""`update` without --once: when it renews, and what it does if a renewal fails."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest
from support import pki
from support.process import ARNS, BINARY, PATIENCE, Emulator, assert_fails, environment, run
from support.serve import eventually
from support.updates import arguments, leftovers, start
from support.updates import keys_in as read
from support.verifier import Verifier, stall


class Daemon:
    """`update` without --once until the end of the with statement."""

    def __init__(self, server, identity, path, *more, end=signal.SIGTERM):
        self.command = (server, identity.flags, path, *more)
        self.path, self.end = path, end

    def __enter__(self):
        self.process = start(*self.command)
        self.lines = []
        self.reader = threading.Thread(target=self.read_lines)
        self.reader.start()
        return self

    def read_lines(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(self.end)
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.reader.join()
            self.err = "".join(self.lines)
            self.warnings = [line for line in self.lines if ": warning: " in line]
        assert self.process.returncode == 0, (self.process.returncode, self.err)

    def wait_for_change(self, before=None):
        """Until the values are others than `before`; returns them."""
        def changed():
            assert self.process.poll() is None, self.lines
            now = self.path.exists() and read(self.path)
            return now if now != before else None
        return eventually(changed)

    def wait_for_line(self, text, count=1):
        eventually(lambda: len([line for line in self.lines if text in line]) >= count)


def test_renews_ahead_of_expiry(identity, tmp_path):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--session-duration-max", "6") as server:
        with Daemon(server, identity, path, "--refresh-before", "3") as daemon:
            values, written = daemon.wait_for_change(), [path.stat().st_mtime]
            for _ in range(3):
                values = daemon.wait_for_change(values)
                written.append(path.stat().st_mtime)
    # 3 s, less a tenth of jitter, less the part of a second that expiry is cut off.
    between = [after - before for before, after in zip(written, written[1:])]
    assert all(1 < seconds < 6 for seconds in between), between
    assert not daemon.warnings


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_end_it(identity, tmp_path, end):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file) as server:
        with Daemon(server, identity, path, end=end) as daemon:
            values = daemon.wait_for_change()
            time.sleep(0.2)
        assert not daemon.warnings
    with Verifier(stall()) as server:
        # Also in the middle of a request.
        with Daemon(server, identity, path, end=end):
            eventually(lambda: server.requests)
    assert read(path) == values and not leftovers(path)


def test_sighup_renews_now(identity, emulator, tmp_path):
    path = tmp_path / "credentials"
    with Daemon(emulator, identity, path) as daemon:
        values = daemon.wait_for_change()
        for _ in range(3):
            time.sleep(0.3)
            assert read(path) == values
            daemon.process.send_signal(signal.SIGHUP)
            values = daemon.wait_for_change(values)
    assert not daemon.warnings


def test_the_endpoint_goes_and_comes_back(identity, tmp_path):
    path = tmp_path / "credentials"
    with contextlib.ExitStack() as stack:
        with Emulator(identity.root_file, "--session-duration-max", "6") as server:
            daemon = stack.enter_context(
                Daemon(server, identity, path, "--refresh-before", "3", "--timeout", "2"))
            daemon.wait_for_change()
        daemon.process.send_signal(signal.SIGHUP)
        # While the old credentials live, and after.
        daemon.wait_for_line("; credentials expire at ")
        daemon.wait_for_line("; credentials expired at ")
        values = read(path)
        with Emulator(identity.root_file, "--port", str(server.port)):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
            daemon.wait_for_line("that failed")
    assert "renewal failed: cannot connect" in daemon.err and "hint: " in daemon.err, daemon.err
    assert "next try within" in daemon.err, daemon.err
    assert re.search(r"renewed \[default\].* after \d+ tr(y|ies) that failed", daemon.err), daemon.err


def test_failed_renewals_are_tried_again_while_the_old_ones_live(identity, tmp_path):
    path = tmp_path / "credentials"
    with contextlib.ExitStack() as stack:
        with Emulator(identity.root_file) as server:
            daemon = stack.enter_context(Daemon(server, identity, path))
            values = daemon.wait_for_change()
        with Emulator(identity.root_file, "--port", str(server.port), "--fault", "403:2"):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
            daemon.wait_for_line("after 2 tries that failed")
    assert daemon.err.count("renewal failed: ") == 2, daemon.err
    assert daemon.err.count("; credentials expire at ") == 2, daemon.err


def test_a_first_try_that_may_pass_is_tried_again(identity, tmp_path):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--fault", "503:3") as server:
        with Daemon(server, identity, path) as daemon:
            daemon.wait_for_change()
    assert daemon.err.count("renewal failed: ") == 1, daemon.err


def test_a_refused_first_try_ends_it(identity, tmp_path):
    with Emulator(identity.root_file, "--fault", "403") as server:
        result = run(*arguments(server, identity.flags),
                     env={"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    assert_fails(result, 1, "AccessDenied")
    assert not result.warnings, result


def test_a_usage_error_at_the_first_try_ends_it(identity, emulator, tmp_path):
    for more in (["--certificate", "/nonexistent"], ["--refresh-before", "0"],
                 ["--session-duration", "1"]):
        result = run(*arguments(emulator, identity.flags, *more),
                     env={"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
        assert_fails(result, 2)
    assert not os.listdir(tmp_path)


class Rotating:
    """An identity whose files are replaced."""

    def __init__(self, identity, directory):
        self.directory = directory
        directory.mkdir()
        self.leaves = [identity.intermediate.issue(f"leaf {i}", serial=1001 + i,
                                                   private_key=pki.key("p256", f"leaf {i}"))
                       for i in range(2)]
        self.flags = pki.write_identity(directory, self.leaves[0])

    def write_key(self):
        """Half of the new set."""
        pki.write(self.directory, "leaf.key", pki.key_pem(self.leaves[1].key))

    def write(self):
        pki.write_identity(self.directory, self.leaves[1])


def serials(server):
    """Of the certificates that got credentials, once the server has ended."""
    return [json.loads(line)["serial"] for line in server.err.splitlines()]


def test_a_new_certificate_and_key(identity, tmp_path):
    path, files = tmp_path / "credentials", Rotating(identity, tmp_path / "identity")
    with Emulator(identity.root_file, "--log") as server:
        with Daemon(server, files, path) as daemon:
            values = daemon.wait_for_change()
            files.write_key()
            daemon.wait_for_line("rolecall continues with the previous ones: ")
            daemon.process.send_signal(signal.SIGHUP)
            values = daemon.wait_for_change(values)
            files.write()
            daemon.wait_for_line("read a new certificate and its key; subject CN=leaf 1; ")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
    assert serials(server) == ["1001", "1001", "1002"]
    assert "does not match" in daemon.err and "renewal failed" not in daemon.err, daemon.err


def test_a_new_certificate_that_the_service_refuses(identity, tmp_path):
    path, files = tmp_path / "credentials", Rotating(identity, tmp_path / "identity")
    files.leaves[1] = pki.root("Other Root").issue("foreign", private_key=pki.key("p256", "foreign"))
    with Emulator(identity.root_file) as server:
        with Daemon(server, files, path) as daemon:
            values = daemon.wait_for_change()
            files.write()
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
            daemon.wait_for_line("the service refused the new certificate; rolecall continues with the previous one: ")
    assert "Untrusted" in daemon.err and "renewal failed" not in daemon.err, daemon.err


def test_it_waits_as_long_as_the_service_asks_for(identity, tmp_path):
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--fault", "503", "--fault", "retry-after=100") as server:
        with Daemon(server, identity, path, "--timeout", "2") as daemon:
            daemon.wait_for_line("; next try within 100 s")


def test_it_ends_though_its_parent_blocked_and_ignored_signals(identity, emulator, tmp_path):
    script = ("import os, signal, sys\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
              "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
              "os.execv(sys.argv[1], sys.argv[1:])\n")
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", script, BINARY, *arguments(emulator, identity.flags)],
        env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}),
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    eventually((tmp_path / "credentials").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    process.stderr.close()


def test_a_password_command_ends_with_it(identity, emulator, tmp_path):
    key = pki.write(tmp_path, "key", pki.key_pem(identity.leaf.key, password=b"pw"))
    pid_file = tmp_path / "pid"
    process = subprocess.Popen(
        [BINARY, *arguments(emulator, identity.flags), "--private-key", key, "--password-source",
         f"command:sh -c 'echo $$ >{pid_file}; exec sleep 60'"],
        env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: pid_file.exists() and pid_file.read_text())
    process.terminate()
    assert process.wait(timeout=10) == 0
    child = pathlib.Path("/proc", pid_file.read_text().strip(), "status")
    eventually(lambda: not child.exists() or "\nState:\tZ" in child.read_text())


def test_what_could_not_be_written_is_not_asked_for_again(identity, tmp_path):
    """A directory stands in the place of the file for a while."""
    path = tmp_path / "credentials"
    with Emulator(identity.root_file, "--log") as server:
        with Daemon(server, identity, path) as daemon:
            values = daemon.wait_for_change()
            path.rename(tmp_path / "aside")
            path.mkdir()
            for nth in range(1, 4):
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait_for_line("renewal failed: ", nth)
            path.rmdir()
            (tmp_path / "aside").rename(path)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for_change(values)
    assert len(server.err.splitlines()) == 2, server.err


def test_streams_are_for_once(identity, silent):
    for source in ("-", "fd:0"):
        flags = [*identity.flags[:2], "--private-key", source]
        assert_fails(run("update", *flags, *ARNS, "--endpoint", silent.url), 2,
                     f"update cannot read {source}.* again", "--once")


def test_sigterm_waits_for_the_file_to_be_written(identity, emulator, tmp_path):
    """strace holds the program in its first fsync while the signal comes."""
    path = tmp_path / "credentials"
    path.write_text("[other]\nx = 1\n")
    process = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", tmp_path / "trace", "-e", "trace=fsync", "-e",
         "inject=fsync:delay_enter=1000000:when=1", BINARY, *arguments(emulator, identity.flags)],
        env=environment({"AWS_SHARED_CREDENTIALS_FILE": str(path),
                         "ASAN_OPTIONS": "detect_leaks=0"}),
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    eventually(lambda: leftovers(path))
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "[default]" in path.read_text() and not leftovers(path)
