"""While credentials are valid they are handed out, whatever happens; ended ones never are."""

import concurrent.futures
import datetime
import re
import select
import signal
import socket
import time

import pytest
from support import faketime
from support.process import Emulator, free_port, paused
from support.serve import CREDENTIALS, Serve, eventually

LIFETIME = 6  # seconds that a session lasts here; renewed at its half


def expiration(credentials):
    return datetime.datetime.strptime(credentials["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()


class Client:
    """Asks all the time and checks each answer: valid credentials, or a 503 with a reason."""

    def __init__(self, serve):
        self.serve, self.token = serve, {"x-aws-ec2-metadata-token": serve.token()}
        self.seen = []  # (status, access key)

    def ask(self):
        before = time.time()
        answer = self.serve.ask("GET", CREDENTIALS, self.token)
        assert answer.status in (200, 503), answer
        if answer.status == 200:
            assert expiration(answer.json) > before, answer
            assert all(answer.json[n] for n in ("AccessKeyId", "SecretAccessKey", "Token"))
        else:
            assert "no valid credentials" in answer.json["message"], answer
        self.seen.append((answer.status, answer.json.get("AccessKeyId")))
        return answer

    def ask_until(self, condition, patience=90):
        """Returns the seconds that it took until condition(answer)."""
        begin = time.monotonic()
        while not condition(self.ask()):
            assert time.monotonic() - begin < patience, self.seen[-5:]
            time.sleep(0.02)
        return time.monotonic() - begin

    def ask_for(self, seconds):
        begin, first = time.monotonic(), len(self.seen)
        while time.monotonic() - begin < seconds:
            self.ask()
            time.sleep(0.02)
        return self.seen[first:]


@pytest.fixture(name="port")
def port_of_the_endpoint():
    return free_port()


def endpoint(identity, port, *more):
    return Emulator(identity.root_file, "--port", port, "--session-duration-max", LIFETIME, *more)


def serving(identity, port, tmp_path, *more):
    return Serve(tmp_path, "--timeout", "2", *more, server=f"http://127.0.0.1:{port}",
                 flags=identity.flags)


def test_renews_ahead_of_the_end(identity, port, tmp_path):
    with endpoint(identity, port), serving(identity, port, tmp_path) as serve:
        seen = Client(serve).ask_for(2 * LIFETIME)
    assert {status for status, _ in seen} == {200}
    assert 3 <= len({key for _, key in seen}) <= 8


def outlast(identity, tmp_path, fault):
    """None: the endpoint is gone. Then it is back."""
    port = free_port()
    with endpoint(identity, port):
        serve = serving(identity, port, tmp_path).__enter__()
        client = Client(serve)
        held = client.ask().json
    try:
        failing = endpoint(identity, port, "--fault", fault) if fault else None
        if failing:
            failing.__enter__()
        # Valid ones are there until their end; that they are not there any longer, ask() looks at.
        client.ask_until(lambda answer: answer.status == 503)
        assert time.time() > expiration(held) - 2
        assert {key for _, key in client.seen[:-1]} == {held["AccessKeyId"]}
        eventually(lambda: re.search("try again later|the log of rolecall serve says why",
                                     client.ask().json["message"]))
        assert serve.ask("GET", "/healthz").status == 503
        assert serve.events("renewal failed")[0]["reason"]
        if failing:
            failing.process.kill()
            failing.process.wait()
        with endpoint(identity, port):
            took = client.ask_until(lambda answer: answer.status == 200)
            assert serve.ask("GET", "/healthz").status == 200
            assert serve.metric("rolecall_renewal_failures_total") >= 1
        return took
    finally:
        serve.__exit__(None)


def test_failing_endpoints(identity, tmp_path):
    faults = [None, "500", "403", "broken", "truncated", "empty", "throttle", "delay=60"]
    with concurrent.futures.ThreadPoolExecutor(len(faults)) as pool:
        runs = {}
        for fault in faults:  # side by side, as each is mostly a wait
            directory = tmp_path / str(fault)
            directory.mkdir()
            runs[fault] = pool.submit(outlast, identity, directory, fault)
        print("seconds until credentials were back, by fault:",
              {fault: round(run.result(), 1) for fault, run in runs.items()})


def test_a_short_failure_is_not_seen(identity, port, tmp_path):
    with endpoint(identity, port):
        serve = serving(identity, port, tmp_path).__enter__()
    try:
        client = Client(serve)
        with endpoint(identity, port, "--fault", "503:1"):
            seen = client.ask_for(1.5 * LIFETIME)
        assert {status for status, _ in seen} == {200}
        # One of them may have fallen between the two endpoints.
        assert serve.metric("rolecall_renewal_failures_total") >= 1
    finally:
        serve.__exit__(None)


def test_an_endpoint_that_is_stopped_and_continued(identity, port, tmp_path):
    with endpoint(identity, port) as emulator, serving(identity, port, tmp_path) as serve:
        client = Client(serve)
        with paused(emulator.process.pid):
            client.ask_until(lambda answer: answer.status == 503)
        client.ask_until(lambda answer: answer.status == 200)


def test_serve_itself_stopped_and_continued(identity, port, tmp_path):
    """What a suspended machine does to it."""
    with endpoint(identity, port), serving(identity, port, tmp_path) as serve:
        client = Client(serve)
        client.ask()
        with paused(serve.process.pid):
            time.sleep(LIFETIME + 1)
        # The first answers may be a 503; what is past its end is never handed out.
        assert client.ask_until(lambda answer: answer.status == 200) < 5


@faketime.needed
@pytest.mark.parametrize("jump", ["+2h", "-2h"])
def test_a_clock_that_jumps(identity, port, tmp_path, jump):
    """The wall clock of both sides; the steady one goes on."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    fake = faketime.follow(clock)
    hours = int(jump[:2])
    with Emulator(identity.root_file, "--port", port, env=fake):
        # The sandbox would forbid the file of the clock.
        with Serve(tmp_path, "--no-sandbox", server=f"http://127.0.0.1:{port}", flags=identity.flags,
                   env=fake) as serve:
            first = serve.credentials()
            clock.write_text(jump)
            now = time.time() + hours * 3600
            if hours < 0:
                # By the wall clock there is more time left: they are handed out, and renewed when
                # the steady clock says so.
                assert serve.credentials() == first
                return
            # Ended ones are never handed out, and new ones come at once.
            begin = time.monotonic()
            while (answer := serve.get(CREDENTIALS)).status != 200:
                assert answer.status == 503 and time.monotonic() - begin < 10, answer
                time.sleep(0.02)
            assert now < expiration(answer.json) < now + 3700
            assert answer.json["AccessKeyId"] != first["AccessKeyId"]


@faketime.needed
def test_a_clock_that_is_wrong(identity, port, tmp_path):
    """Two hours ahead of the service's: by it, what comes has ended, and clients would say so."""
    reason = "this machine's clock says"
    fake = faketime.variables(FAKETIME="+2h")
    with Emulator(identity.root_file, "--port", port):
        with Serve(tmp_path, server=f"http://127.0.0.1:{port}", flags=identity.flags,
                   env=fake, wait=False) as serve:
            assert serve.process.wait(timeout=30) == 3
            assert reason in serve.err and "hint: check this machine's clock" in serve.err
            serve.code = 3
        with Serve(tmp_path, "--lazy", server=f"http://127.0.0.1:{port}", flags=identity.flags,
                   env=fake) as serve:
            eventually(lambda: any(reason in e["reason"] for e in serve.events("renewal failed")))
            assert serve.get(CREDENTIALS).status == 503
            assert any("Set the clock" in e["event"] for e in serve.events())


def test_an_endpoint_that_grants_what_has_ended(identity, port, tmp_path):
    """What is valid is not given up for it."""
    with Emulator(identity.root_file, "--port", port):
        serve = serving(identity, port, tmp_path).__enter__()
    try:
        held = serve.credentials()
        with endpoint(identity, port, "--fault", "clock=-600"):
            serve.process.send_signal(signal.SIGHUP)
            eventually(lambda: serve.metric("rolecall_renewal_failures_total") >= 1)
            assert serve.credentials() == held
        with Emulator(identity.root_file, "--port", port):
            eventually(lambda: serve.credentials() != held)
    finally:
        serve.__exit__(None)


@pytest.mark.parametrize("descriptors", [216, 20000])
def test_connections_that_send_nothing(identity, emulator, tmp_path, descriptors):
    """A thousand of them keep nobody out, whether serve has 120 connection slots or thousands."""
    with Serve(tmp_path, server=emulator, flags=identity.flags,
               prefix=["prlimit", f"--nofile={descriptors}"]) as serve:
        token = {"x-aws-ec2-metadata-token": serve.token()}
        silent = []
        try:
            for i in range(1000):
                silent.append(socket.create_connection(("127.0.0.1", serve.port), timeout=10))
                if i in (100, 119, 150, 300, 600, 999):
                    # Each of them would be closed after ten seconds.
                    answer = serve.ask("GET", CREDENTIALS, token, timeout=8)
                    assert answer.status == 200, answer
            for client in silent[:3]:  # half a request
                try:
                    client.sendall(b"GET / HTTP/1.1\r\n")
                except OSError:
                    pass
            assert serve.ask("GET", CREDENTIALS, token).status == 200
            assert serve.metric("rolecall_requests_total") > 0
        finally:
            for client in silent:
                client.close()


def test_few_descriptors(identity, emulator, tmp_path):
    """Clients who hold connections leave some for others and for renewals."""
    with Serve(tmp_path, server=emulator, flags=identity.flags,
               prefix=["prlimit", "--nofile=40:40"]) as serve:
        silent = [socket.create_connection(("127.0.0.1", serve.port), timeout=10)
                  for _ in range(100)]
        before = serve.credentials()["AccessKeyId"]
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: serve.credentials()["AccessKeyId"] != before)
        for client in silent:
            client.close()


def test_slow_clients(identity, emulator, tmp_path):
    """One that drips is cut, and nobody waits for it."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as serve:
        with socket.create_connection(("127.0.0.1", serve.port), timeout=30) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\n")
            begin = time.monotonic()
            assert serve.ask("GET", "/healthz").status == 200
            assert not select.select([slow], [], [], 0)[0], "it waited until the slow one was cut"
            assert slow.recv(100) == b""  # after ten seconds without a byte
            assert 5 < time.monotonic() - begin < 25
