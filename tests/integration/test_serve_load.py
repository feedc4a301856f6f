"""Many clients while credentials change: each answer is one whole, valid set. Memory stays flat."""

import concurrent.futures
import http.client
import json
import signal
import threading
import time

from support.process import Emulator
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
