"""How serve starts and ends, and its health and metrics."""

import concurrent.futures
import http.client
import re
import signal
import socket
import time

import pytest
from support import pki
from support.process import ARNS, PATIENCE, Emulator, assert_fails, free_port, run
from support.serve import CREDENTIALS, Serve, eventually
from support.verifier import Verifier, stall


def test_a_first_failure_ends_it(identity, tmp_path):
    with Emulator(identity.root_file, "--fault", "403") as refusing:
        assert_fails(run("serve", *identity.flags, *ARNS, "--endpoint", refusing.url, "--port", 0), 1,
                     "AccessDenied")
    gone = f"http://127.0.0.1:{free_port()}"
    assert_fails(run("serve", *identity.flags, *ARNS, "--endpoint", gone, "--port", 0), 3,
                 "cannot connect")
    missing = ["--certificate", tmp_path / "none.pem", "--private-key", identity.key]
    assert_fails(run("serve", *missing, *ARNS, "--endpoint", gone, "--port", 0), 2, "none.pem")


def test_bad_flags(identity, silent):
    good = [*identity.flags, *ARNS, "--endpoint", silent.url, "--port", "0"]
    for more, pattern in ((["--port", "65536"], "port"), (["--hop-limit", "0"], "hop-limit"),
                          (["--hop-limit", "256"], "hop-limit"), (["--address", "0.0.0.0"], "loopback"),
                          (["--address", "localhost"], "127.0.0.1"),
                          (["--log-format", "xml"], "log-format"), (["stray"], "stray"),
                          (["--session-duration", "1"], "session-duration")):
        assert_fails(run("serve", *good, *more), 2, pattern)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert_fails(run("serve", *good, "--port", taken.getsockname()[1]), 2, "cannot listen on")


def test_lazy_starts_without(identity, tmp_path):
    port = free_port()
    with Serve(tmp_path, "--lazy", server=f"http://127.0.0.1:{port}",
               flags=identity.flags) as running:
        answer = running.get(CREDENTIALS)
        assert answer.status == 503, answer
        health = running.ask("GET", "/healthz")
        assert health.status == 503 and health.json["bindings"] == ["default"], health
        eventually(lambda: "try again later" in running.get(CREDENTIALS).json["message"])
        with Emulator(identity.root_file, "--port", port):
            eventually(lambda: running.ask("GET", "/healthz").status == 200, 90)
            assert running.credentials()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(identity, emulator, tmp_path, number):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        idle = socket.create_connection(("127.0.0.1", running.port))
        running.process.send_signal(number)
        # It would close the connection after ten seconds.
        assert running.process.wait(timeout=8) == 0
        idle.close()


def test_a_stalled_start_can_be_ended(identity, tmp_path):
    with Verifier(stall()) as slow:
        with Serve(tmp_path, server=slow, flags=identity.flags, wait=False) as running:
            eventually(lambda: slow.requests)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=PATIENCE) == 0


def test_sigterm_ends_it_while_it_loads_the_key(identity, silent, tmp_path):
    key = pki.write(tmp_path, "key", pki.key_pem(identity.leaf.key, password=b"pw"))
    started = tmp_path / "started"
    source = f"command:sh -c 'touch {started}; exec sleep 60'"
    with Serve(tmp_path, "--private-key", key, "--password-source", source, server=silent,
               flags=identity.flags[:2], wait=False) as running:
        eventually(started.exists)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=PATIENCE) == 0


def test_ending_under_load_cuts_nobody_short(identity, emulator, tmp_path):
    """Every answer that begins is whole; whoever comes later is refused a connection."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        token = {"x-aws-ec2-metadata-token": running.token()}
        whole = running.credentials()

        counts = [0] * 8

        def client(number):
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
            try:
                while True:
                    answer = running.ask("GET", CREDENTIALS, token, connection=connection)
                    assert (answer.status, answer.json) == (200, whole), answer
                    counts[number] += 1
            except (ConnectionError, http.client.RemoteDisconnected):
                pass
            finally:
                connection.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, i) for i in range(8)]
            eventually(lambda: min(counts) > 20 or any(c.done() for c in clients))
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=PATIENCE) == 0
            for each in clients:
                each.result(timeout=30)
            assert min(counts) > 20


def test_hangup_reloads_and_renews(identity, emulator, tmp_path):
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        before = running.credentials()["AccessKeyId"]
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: running.credentials()["AccessKeyId"] != before)


def test_health_and_metrics(serve):
    assert serve.ask("GET", "/healthz").json == {"status": "ok"}
    before = serve.metric('rolecall_requests_total{route="imds/credentials",status="200"}')
    secrets = serve.credentials()
    page = serve.ask("GET", "/metrics")
    assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert serve.metric('rolecall_requests_total{route="imds/credentials"') >= before + 1
    assert 3000 < serve.metric("rolecall_credentials_expiry_seconds") <= 3600
    assert serve.metric('rolecall_certificate_expiry_seconds{binding="default",certificate="leaf"') > 0
    assert serve.metric("rolecall_renewals_total") == 1
    assert abs(serve.metric("rolecall_last_success_timestamp_seconds") - time.time()) < 600
    for line in page.body.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) rolecall_\w+ .+|rolecall_\w+(\{(\w+="[^"]*",?)*\})? -?\d+',
                            line), line
    for name in ("AccessKeyId", "SecretAccessKey", "Token"):
        assert secrets[name] not in page.body
