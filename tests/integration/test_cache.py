"""--cache: when a run asks for a session, and when it does not."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from support import pki
from support.home import NOBODY
from support.process import (ARNS, BINARY, PATIENCE, Emulator, assert_credentials, assert_fails,
                             environment, free_port, needs_shared_build, pause, run)
from support.serve import eventually
from support.verifier import Verifier, ok, stall


class Cached:
    """An emulator with a log, and runs with a cache directory of their own."""

    def __init__(self, identity, directory, *more):
        self.identity, self.directory = identity, directory
        self.emulator = Emulator(identity.root_file, "--log", *more)
        self.env = {"XDG_RUNTIME_DIR": str(directory)}
        self.cache = directory / "rolecall"

    def __enter__(self):
        self.emulator.__enter__()
        return self

    def __exit__(self, *arguments):
        self.emulator.__exit__(*arguments)

    @property
    def flags(self):
        return [*self.identity.flags, *ARNS, "--endpoint", self.emulator.url, "--cache"]

    def run(self, *more, env=None, **options):
        return run("credential-process", *self.flags, *more, env={**self.env, **(env or {})},
                   **options)

    def key_id(self, *more, **options):
        return assert_credentials(self.run(*more, **options))["AccessKeyId"]

    def age(self):
        """Makes an entry past the half of its life, and so past the longest margin."""
        for path in self.entries():
            entry = json.loads(path.read_text())
            assert entry["Issued"] > "2020"
            path.write_text(json.dumps({**entry, "Issued": "2020-01-01T00:00:00Z"}))

    def forget_failures(self):
        """As some seconds later."""
        for path in self.cache.glob("*.lock"):
            path.write_text("")

    def entries(self):
        return sorted(self.cache.glob("*.json"))


def sessions(emulator):
    """Of an emulator that has ended: how many it was asked for."""
    return len([line for line in emulator.err.splitlines() if json.loads(line)["path"]
                == "/sessions"])


def start(flags, env):
    return subprocess.Popen([BINARY, "credential-process", *flags], env=environment(env),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def cached_key_id(flags, env):
    return assert_credentials(run("credential-process", *flags, env=env))["AccessKeyId"]


def wait_for_request(verifier):
    deadline = time.monotonic() + 20
    while not verifier.requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(name="cached")
def cached_runs(identity, tmp_path):
    with Cached(identity, tmp_path) as running:
        yield running


def test_one_session_for_many_runs(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        ids = {cached.key_id() for _ in range(10)}
        result = cached.run()
        assert result.err == "", result
        assert cached.cache.stat().st_mode & 0o777 == 0o700
        assert [path.stat().st_mode & 0o777 for path in cached.entries()] == [0o600]
    assert len(ids) == 1 and sessions(cached.emulator) == 1


def test_no_cache_unless_asked_for(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        flags = cached.flags[:-1]
        for more in ([], ["--cache=false"]):
            assert_credentials(run("credential-process", *flags, *more, env=cached.env))
        assert not cached.cache.exists()
        assert_credentials(run("credential-process", *flags,
                               env={**cached.env, "ROLECALL_CACHE": "true"}))
        assert len(cached.entries()) == 1
    assert sessions(cached.emulator) == 3


def test_fifty_cold_starts_make_one_session(identity, tmp_path):
    with Cached(identity, tmp_path, "--fault", "delay=0.3:1") as cached:
        processes = [start(cached.flags, cached.env) for _ in range(50)]
        outputs = {process.communicate(timeout=60) for process in processes}
    assert len(outputs) == 1 and json.loads(outputs.pop()[0])["AccessKeyId"]
    assert sessions(cached.emulator) == 1


def test_a_changed_file_or_flag_gets_no_old_entry(identity, tmp_path):
    directory = tmp_path / "identity"
    directory.mkdir()
    leaf = identity.intermediate.issue("leaf one")
    flags = pki.write_identity(directory, leaf)
    with Cached(identity, tmp_path) as cached:
        def key_id(*more):
            result = run("credential-process", *flags, *ARNS, "--endpoint", cached.emulator.url,
                         "--cache", *more, env=cached.env)
            return assert_credentials(result)["AccessKeyId"]

        seen = [key_id(), key_id("--session-duration", "1800"),
                key_id("--role-arn", "arn:aws:iam::111122223333:role/Other")]
        pki.write_identity(directory, identity.intermediate.issue("leaf two"))
        seen.append(key_id())
        os.utime(flags[1], (1, 1))
        seen.append(key_id())
        assert len(set(seen)) == len(seen)
        assert key_id() == seen[-1]
        os.unlink(flags[3])
        result = run("credential-process", *flags, *ARNS, "--endpoint", cached.emulator.url,
                     "--cache", env=cached.env)
        assert_fails(result, 2, "No such file")


def test_margin_and_expiry(identity, tmp_path):
    """Sessions of four seconds: fresh for two, since half of their life is the margin."""
    with Cached(identity, tmp_path, "--session-duration-max", "4") as cached:
        first = cached.key_id()
        begin = time.monotonic()
        second = cached.key_id()
        if time.monotonic() - begin < 0.8:
            assert second == first
        time.sleep(2.5)
        third = cached.key_id()
        assert third != first
        assert cached.key_id("--cache-margin", "0") == third
        time.sleep(4.5)
        assert cached.key_id("--cache-margin", "0") != third


PAST_MARGIN = ["--cache-margin", "43199"]
SHORT_WAIT = 3  # seconds for an answer, while an older entry can be used


def test_the_old_entry_serves_while_one_renews_and_while_none_can(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        first = cached.key_id()
        assert cached.key_id(*PAST_MARGIN) == first
        cached.age()
        assert cached.key_id() == first
        flags, port = [*cached.flags, *PAST_MARGIN], int(cached.emulator.url.rsplit(":", 1)[1])
    # The emulator is gone: the old one is handed out, with a word.
    result = run("credential-process", *flags, env=cached.env)
    assert assert_credentials(result)["AccessKeyId"] == first
    assert len(result.warnings) == 1 and "from the cache" in result.err, result
    cached.forget_failures()
    # A server that stalls holds one process; the other does not wait for it.
    with Verifier(stall(), port=port) as verifier:
        renewing = start(flags, cached.env)
        wait_for_request(verifier)
        result = run("credential-process", *flags, env=cached.env)
        assert assert_credentials(result)["AccessKeyId"] == first and result.err == ""
        assert renewing.poll() is None, "it waited until the other one gave up"
        renewing.kill()
        renewing.communicate()
    # And when there is one again, it is asked.
    with Emulator(identity.root_file, "--port", str(port)):
        assert cached_key_id(flags, cached.env) != first


def test_an_outage_costs_one_run_a_short_wait(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        first = cached.key_id()
        cached.age()
        flags, port = [*cached.flags, *PAST_MARGIN], int(cached.emulator.url.rsplit(":", 1)[1])
    with Verifier(stall(), port=port) as verifier:
        for most in (PATIENCE, SHORT_WAIT, SHORT_WAIT):
            result = run("credential-process", *flags, env=cached.env)
            assert assert_credentials(result)["AccessKeyId"] == first
            assert len(result.warnings) == 1 and "from the cache" in result.err, result
            assert result.seconds < most, result
        assert len(verifier.requests) == 1


def test_those_who_wait_fail_as_the_one_does(identity, tmp_path):
    with Cached(identity, tmp_path, "--role-arn", "arn:aws:iam::111122223333:role/None", "--fault",
                "delay=5") as cached:
        processes = [start(cached.flags, cached.env) for _ in range(10)]
        ends = [(process.communicate(timeout=60), process.returncode) for process in processes]
    for (out, err), code in ends:
        assert code == 1 and out == "" and "AccessDenied" in err and "hint:" in err, err
    assert sessions(cached.emulator) <= 3


def test_nothing_is_cached_by_a_clock_that_is_off(identity, tmp_path):
    with Cached(identity, tmp_path, "--fault", "clock=+3000") as cached:
        result = cached.run()
        assert_credentials(result)
        assert "nothing is cached while this machine's clock is off" in result.err, result
        assert not cached.entries()


def test_a_killed_renewer_blocks_nobody(identity, tmp_path):
    port = free_port()
    flags = [*identity.flags, *ARNS, "--endpoint", f"http://127.0.0.1:{port}", "--cache"]
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    with Verifier(stall(), port=port) as verifier:
        renewing = start(flags, env)
        wait_for_request(verifier)
        waiting = start([*flags, "--timeout", "3"], env)
        out, err = waiting.communicate(timeout=20)
        assert waiting.returncode == 3 and out == "" and "did not answer in time" in err
        renewing.send_signal(signal.SIGKILL)
        renewing.communicate()
    with Emulator(identity.root_file, "--port", str(port)):
        cached_key_id(flags, env)


def test_whoever_waits_for_one_that_stands_still_asks_itself(identity, tmp_path):
    with Verifier(stall(), ok()) as verifier:
        flags = [*identity.flags, *ARNS, "--endpoint", verifier.url, "--cache"]
        env = {"XDG_RUNTIME_DIR": str(tmp_path)}
        stopped = start(flags, env)
        wait_for_request(verifier)
        pause(stopped.pid)
        result = run("credential-process", *flags, "--timeout", "8", env=env)
        assert_credentials(result)
        assert len(result.warnings) == 1 and "another process has been asking" in result.err, result
        assert result.seconds > 3.9 and len(verifier.requests) == 2, result
        stopped.kill()
        stopped.communicate()
        for _ in range(2):
            cached_key_id(flags, env)
        assert len(verifier.requests) == 3


def test_a_failure_is_not_that_of_one_who_has_longer(identity, tmp_path):
    with Cached(identity, tmp_path, "--fault", "delay=3") as cached:
        hurried = start([*cached.flags, "--timeout", "1"], cached.env)
        eventually(lambda: list(cached.cache.glob("*.lock")))
        assert_credentials(cached.run())
        assert hurried.wait() == 3
        hurried.communicate()


def test_a_failure_of_its_own_is_nobody_elses(identity, cached, tmp_path):
    """A password command that fails, while another run waits with one that does not."""
    key = tmp_path / "locked.key"
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", identity.key, "-out", key, "-passout",
                    "pass:right"], check=True)
    key.chmod(0o600)
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 1\nexit 3\n")
    slow.chmod(0o700)
    word = pki.write(tmp_path, "word", b"right")
    flags = [*cached.flags]
    flags[flags.index(identity.key)] = str(key)
    failing = start([*flags, "--password-source", f"command:{slow}"], cached.env)
    eventually(lambda: list(cached.cache.glob("*.lock")))
    result = run("credential-process", *flags, "--password-source", f"file:{word}", env=cached.env)
    assert_credentials(result)
    assert failing.wait() != 0
    failing.communicate()


def test_a_failure_of_a_clock_that_was_ahead_is_nobodys(identity, tmp_path):
    needs_shared_build("loader that would load libfaketime")
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    with Cached(identity, tmp_path, "--role-arn", "arn:aws:iam::111122223333:role/None") as cached:
        ahead = {"LD_PRELOAD": library, "FAKETIME": "+2d", "NO_FAKE_STAT": "1",
                 "ASAN_OPTIONS": "verify_asan_link_order=0"}
        assert_fails(cached.run(env=ahead), 1)
        lock, = cached.cache.glob("*.lock")
        when = json.loads(lock.read_text())["When"]
        assert when / 1000 > time.time() + 100_000
        assert_fails(cached.run(), 1)
        assert json.loads(lock.read_text())["When"] < when, "it has not asked"


def test_a_directory_that_cannot_be_trusted_is_gone_without(cached):
    cached.cache.mkdir(mode=0o700)
    cached.cache.chmod(0o777)
    result = cached.run()
    assert_credentials(result)
    assert len(result.warnings) == 1 and "can be written by others" in result.err, result
    assert not list(cached.cache.iterdir())
    if os.geteuid() == 0:
        cached.cache.chmod(0o700)
        os.chown(cached.cache, 65534, 65534)
        result = cached.run()
        assert_credentials(result)
        assert "is another user's" in result.err and not list(cached.cache.iterdir()), result


def test_where_it_is(identity, tmp_path):
    with Cached(identity, tmp_path) as cached:
        flags = cached.flags
        for home in ("h", "i"):
            (tmp_path / home).mkdir()
        for env, place in (({"HOME": str(tmp_path / "h")}, "h/.cache/rolecall"),
                           ({"HOME": "/x", "XDG_CACHE_HOME": str(tmp_path / "c")}, "c/rolecall"),
                           ({"HOME": str(tmp_path / "i"), "XDG_RUNTIME_DIR": str(tmp_path / "no")},
                            "i/.cache/rolecall"),
                           ({"XDG_CACHE_HOME": "/x", "XDG_RUNTIME_DIR": str(tmp_path)},
                            "rolecall")):
            assert_credentials(run("credential-process", *flags, env=env))
            assert len(list((tmp_path / place).glob("*.json"))) == 1
        result = run("credential-process", *flags, env={"HOME": ""})
        assert_credentials(result)
        assert "nor HOME" in result.err
        if os.geteuid() == 0:  # as sudo leaves it
            os.chown(tmp_path / "h", 65534, 65534)
            result = run("credential-process", *flags, env={"HOME": str(tmp_path / "h")})
            assert_credentials(result)
            assert "nor HOME" in result.err


def test_what_cannot_be_written_costs_only_the_cache(cached):
    """As on a full disk."""
    result = cached.run(prefix=["prlimit", "--fsize=64"])
    assert_credentials(result)
    assert len(result.warnings) == 1 and "nothing is cached" in result.err, result
    assert not cached.entries() and not list(cached.cache.glob("*.new"))
    assert cached.run().err == "" and len(cached.entries()) == 1


def test_a_read_only_directory_costs_only_the_cache(identity, emulator):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="rolecall-cache-"))
    try:
        flags = pki.write_identity(directory, identity.leaf)
        (directory / "rolecall").mkdir(mode=0o500)
        prefix = []
        if os.geteuid() == 0:  # root may write there
            prefix = NOBODY
            for path in (directory, directory / "rolecall", flags[1], flags[3]):
                os.chown(path, 65534, 65534)
        result = run("credential-process", *flags, *ARNS, "--endpoint", emulator.url, "--cache",
                     env={"XDG_RUNTIME_DIR": str(directory)}, prefix=prefix)
        assert_credentials(result)
        assert len(result.warnings) == 1 and "nothing is cached" in result.err, result
        assert not list((directory / "rolecall").iterdir())
    finally:
        shutil.rmtree(directory)


def test_streams_are_not_cached(identity, cached):
    flags = [*cached.flags]
    flags[flags.index(identity.key)] = "-"
    with open(identity.key, "rb") as key:
        result = run("credential-process", *flags, env=cached.env, stdin=key)
    assert_credentials(result)
    assert len(result.warnings) == 1 and "nothing is cached: key comes from a stream" in result.err
    assert not cached.cache.exists()


def test_list_and_clear(cached):
    def cache(*words):
        return run("cache", *words, env=cached.env)

    credentials = assert_credentials(cached.run())
    cached.run("--role-arn", "arn:aws:iam::111122223333:role/Other")
    listed = cache("list")
    assert listed.code == 0 and len(listed.out.splitlines()) == 3, listed
    assert listed.out.split()[:3] == ["EXPIRES", "ROLE", "CERTIFICATE"]
    head, *rows = listed.out.splitlines()
    for row in rows:
        assert re.match(r"\S+Z \(\d+ \w+\)  ", row), listed
        assert row[head.index("ROLE"):].startswith("arn:aws:iam::111122223333:role/"), listed
        assert re.match("/.*leaf.pem$", row[head.index("CERTIFICATE"):]), listed
    for secret in ("SecretAccessKey", "SessionToken"):
        assert credentials[secret] not in listed.out
    cleared = cache("clear")
    assert (cleared.code, cleared.out, cleared.err) == (0, "", "")
    assert cache("list").out == "" and not cached.entries()
    for name in ("0123456789abcde0.new", "0123456789abcde1.lock"):  # of a process that was killed
        (cached.cache / name).write_text("x")
    assert cache("clear").code == 0 and not list(cached.cache.iterdir())
    # What another environment has left.
    env = {"HOME": str(cached.directory)}
    assert_credentials(run("credential-process", *cached.flags, env=env))
    left = cached.directory / ".cache" / "rolecall"
    assert len(list(left.glob("*.json"))) == 1
    result = run("cache", "clear", env={**env, **cached.env})
    assert result.code == 0 and not list(left.iterdir()), result
    # An entry that cannot be removed.
    (cached.cache / "0123456789abcdef.json").mkdir()
    assert_fails(cache("clear"), 1, "cannot remove .*0123456789abcdef.json")
    for words in ([], ["lst"], ["list", "clear"]):
        assert_fails(cache(*words), 2)


def test_a_hit_opens_nothing_but_the_entry(identity, cached, tmp_path):
    cached.key_id()
    trace = tmp_path / "trace"
    result = cached.run(env={"ASAN_OPTIONS": "detect_leaks=0"}, prefix=[
        "strace", "-f", "-qq", "-o", trace, "-e", "trace=open,openat,openat2,socket,connect,clone,clone3"])
    assert_credentials(result)
    lines = trace.read_text().splitlines()
    opened = [match.group(1) for match in
              (re.search(r'open(?:at2?)?\(.*?"([^"]+)", .* = \d+', line) for line in lines) if match]
    ours = [path for path in opened if not re.search(r"\.so(\.|$)|^/etc/ld\.so|^/proc/", path)]
    assert ours == [str(cached.cache), cached.entries()[0].name], ours
    assert not [path for path in opened if re.search("libcurl|gnutls", path)], opened
    assert not [line for line in lines if "socket(" in line or "connect(" in line], lines
