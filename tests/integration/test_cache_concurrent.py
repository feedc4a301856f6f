"""--cache: one run asks for a session while others wait, and none waits long for a service that fails."""

import json
import signal
import subprocess
import time

from support import pki
from support.cache import PAST_MARGIN, Cached, sessions
from support.process import (ARNS, BINARY, PATIENCE, Emulator, assert_credentials, assert_fails,
                             environment, free_port, needs_dynamic_build, pause, run)
from support.serve import eventually
from support.verifier import Verifier, ok, stall

SHORT_WAIT = 3  # seconds for an answer, while an older entry can be used


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


def test_fifty_cold_starts_make_one_session(identity, tmp_path):
    with Cached(identity, tmp_path, "--fault", "delay=0.3:1") as cached:
        processes = [start(cached.flags, cached.env) for _ in range(50)]
        outputs = {process.communicate(timeout=60) for process in processes}
    assert len(outputs) == 1 and json.loads(outputs.pop()[0])["AccessKeyId"]
    assert sessions(cached.emulator) == 1


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
        assert len(result.warnings) == 1 and "another process has been renewing" in result.err, result
        assert result.seconds > 3.9 and len(verifier.requests) == 2, result
        stopped.kill()
        stopped.communicate()
        for _ in range(2):
            cached_key_id(flags, env)
        assert len(verifier.requests) == 3


def test_a_failure_is_not_that_of_one_who_has_longer(identity, tmp_path):
    with Verifier(stall(), ok()) as verifier:
        flags = [*identity.flags, *ARNS, "--endpoint", verifier.url, "--cache"]
        env = {"XDG_RUNTIME_DIR": str(tmp_path)}
        hurried = start([*flags, "--timeout", "1"], env)
        wait_for_request(verifier)
        cached_key_id(flags, env)
        assert hurried.wait() == 3
        hurried.communicate()


def test_a_failure_of_its_own_is_nobody_elses(identity, cached, tmp_path):
    """A password command that fails, while another run waits with one that does not."""
    key = tmp_path / "locked.key"
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", identity.key, "-out", key, "-passout",
                    "pass:right"], check=True)
    key.chmod(0o600)
    slow = tmp_path / "slow"
    asked = tmp_path / "asked"
    slow.write_text(f"#!/bin/sh\ntouch {asked}\nsleep 1\nexit 3\n")
    slow.chmod(0o700)
    word = pki.write(tmp_path, "word", b"right")
    flags = [*cached.flags]
    flags[flags.index(identity.key)] = str(key)
    failing = start([*flags, "--password-source", f"command:{slow}"], cached.env)
    eventually(asked.exists)  # it has the lock by now, which its file alone does not say
    result = run("credential-process", *flags, "--password-source", f"file:{word}", env=cached.env)
    assert_credentials(result)
    assert failing.wait() != 0
    failing.communicate()


def test_a_failure_of_a_clock_that_was_ahead_is_nobodys(identity, tmp_path):
    needs_dynamic_build("loader that would load libfaketime")
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
