"""Many clients while credentials change: each answer is one whole, valid set. Memory stays flat."""

import concurrent.futures
import http.client
import json
import resource
import signal
import socket
import threading
import time

import pytest
from support.process import Emulator, paused
from support.serve import CREDENTIALS, Serve, eventually
from support.signing import IdentityRequest

FIELDS = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")


def test_no_mixed_set(identity, tmp_path):
    """10,000 requests of 64 clients while the credentials are renewed a dozen times."""
    with Emulator(identity.root_file, "--log") as emulator:
        with Serve(tmp_path, server=emulator, flags=identity.flags) as serve:
            token = {"x-aws-ec2-metadata-token": serve.token()}
            secret = (tmp_path / "rolecall" / "default.token").read_text()
            done = threading.Event()

            def client(number):
                connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=30)
                path, headers = ((CREDENTIALS, token) if number % 2 else
                                 ("/credentials/default", {"Authorization": secret}))
                seen, count = set(), 0
                while count < 160 or not done.is_set():
                    answer = serve.ask("GET", path, headers, connection=connection)
                    assert answer.status == 200, answer
                    seen.add(tuple(answer.json[name] for name in FIELDS))
                    count += 1
                connection.close()
                return seen, count
            with concurrent.futures.ThreadPoolExecutor(64) as pool:
                clients = [pool.submit(client, number) for number in range(64)]
                try:
                    for _ in range(12):
                        renewed = serve.metric("rolecall_renewals_total")
                        serve.process.send_signal(signal.SIGHUP)
                        eventually(lambda: serve.metric("rolecall_renewals_total") > renewed)
                        time.sleep(0.2)  # each is handed out for a while
                finally:
                    done.set()
                results = [c.result(timeout=120) for c in clients]
        sets = set.union(*(seen for seen, _ in results))
        assert sum(count for _, count in results) >= 10000
        assert len(sets) >= 5
        for one in sets:  # key, secret and token belong together, or the signature is refused
            names = ("accessKeyId", "secretAccessKey", "sessionToken")
            answer = IdentityRequest(dict(zip(names, one))).send(emulator.url)
            assert answer.status == 200, answer
    issued = {line["accessKeyId"] for line in map(json.loads, emulator.err.splitlines())
              if line["path"] == "/sessions"}
    assert {one[0] for one in sets} <= issued


@pytest.fixture(name="many_descriptors")
def raise_limit_of_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 1300:
        pytest.skip("takes more open files than the limit allows")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1300), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(serve, count):
    return [socket.create_connection(("127.0.0.1", serve.port), timeout=30) for _ in range(count)]


def send_requests(connections, token):
    for connection in connections:
        connection.sendall(f"GET {CREDENTIALS} HTTP/1.1\r\nHost: localhost\r\n"
                           f"x-aws-ec2-metadata-token: {token}\r\n\r\n".encode())


def read_answers(connections):
    for connection in connections:
        with connection, connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"


def test_a_burst_of_slow_clients(identity, emulator, tmp_path, many_descriptors):
    """A thousand connect, and only later ask. None is sent away."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as serve:
        token = serve.token()
        connections = connect(serve, 1000)
        time.sleep(0.5)
        assert serve.credentials()  # nobody waits for them
        send_requests(connections, token)
        read_answers(connections)
        assert serve.credentials()


@pytest.mark.parametrize("count", [119, 120, 121, 127, 128, 129, 256, 1000])
def test_requests_that_come_at_once(identity, emulator, tmp_path, many_descriptors, count):
    """libmicrohttpd takes up to 128 events at a time."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as serve:
        token = serve.token()
        before = connect(serve, count)
        time.sleep(0.1)
        with paused(serve.process.pid):
            send_requests(before, token)
        begin = time.monotonic()
        read_answers(before)
        assert time.monotonic() - begin < 8  # an idle connection is closed after 10 s


def test_memory_is_flat(identity, emulator, tmp_path):
    """After the first thousands of requests and tokens, tens of thousands more take nothing."""
    # Else AddressSanitizer keeps what was freed.
    env = {"ASAN_OPTIONS": "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
    with Serve(tmp_path, server=emulator, flags=identity.flags, env=env) as serve:
        def client(number):
            connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=30)
            for _ in range(1000):
                token = serve.token(connection=connection)
                answer = serve.ask("GET", CREDENTIALS, {"x-aws-ec2-metadata-token": token},
                                   connection=connection)
                assert answer.status == 200, (number, answer)
            connection.close()

        def load():
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(client, range(8)))
            return serve.memory("RssAnon")
        before = load()
        assert load() - before < 256, "KiB"
