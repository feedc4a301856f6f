"""serve --metrics-address: health and metrics for others, and nothing else."""

import socket

import pytest
from support import netns
from support.config import write_config
from support.process import ARNS, Emulator, assert_fails, paused, run
from support.serve import CREDENTIALS, Serve, ask, eventually


def serving(directory, address, *arguments, **options):
    return Serve(directory, "--metrics-address", address, *arguments, **options)


def status_port(running):
    event = eventually(lambda: running.events("listening for supervisors"))[0]
    return int(event["url"].rsplit(":", 1)[1])


def test_only_health_and_metrics(identity, emulator, tmp_path):
    with serving(tmp_path, "127.0.0.1:0", server=emulator, flags=identity.flags) as running:
        port = status_port(running)
        assert port != running.port
        token = (tmp_path / "rolecall" / "default.token").read_text()
        for method, path, status in (
                ("GET", "/healthz", 200), ("GET", "/metrics", 200), ("GET", "//metrics/", 200),
                ("POST", "/metrics", 405), ("PUT", "/latest/api/token", 404), ("GET", CREDENTIALS, 404),
                ("GET", "/credentials/default", 404), ("GET", "/latest/meta-data/placement/region", 404),
                ("GET", "/", 404), ("GET", "/metrics/x", 404)):
            headers = {"Authorization": token, "x-aws-ec2-metadata-token": running.token()}
            answer = ask(port, method, path, headers)
            assert answer.status == status, (path, answer)
            assert answer.headers["Date"] and "SecretAccessKey" not in answer.body
        # As a proxy or a probe asks, by any name.
        for headers in ({"Host": "node.example"}, {"X-Forwarded-For": "10.1.1.1"},
                        {"Origin": "https://status.example"}):
            assert ask(port, "GET", "/healthz", headers).status == 200
        assert ask(port, "GET", "/healthz", {"Transfer-Encoding": "chunked"}).status == 400
        assert ask(port, "GET", "/healthz", body="x" * 10).status == 413
        # One count for both addresses.
        text = ask(port, "GET", "/metrics").body
        assert 'rolecall_requests_total{route="imds/token",status="200"}' in text
        assert 'rolecall_requests_total{route="other",status="404"}' in running.ask("GET", "/metrics").body
        # Strangers write nothing into the log.
        assert not running.events("refused a request")
        # The other address still has both.
        assert running.ask("GET", "/healthz").status == 200
        assert run("health", "--port", port).code == 0


@pytest.mark.parametrize("form", [":0", "0.0.0.0:0", "[::]:0", "[::1]:0"])
def test_forms_of_the_address(identity, emulator, tmp_path, form):
    if "[" in form:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError as error:
            pytest.skip(f"no IPv6 here: {error}")
    with serving(tmp_path, form, server=emulator, flags=identity.flags) as running:
        for host in {"[::1]:0": ["::1"], "0.0.0.0:0": ["127.0.0.1"]}.get(form, ["127.0.0.1", "::1"]):
            if host == "::1" and "0.0.0.0" in running.events("listening for supervisors")[0]["url"]:
                continue  # no IPv6 here
            assert ask(status_port(running), "GET", "/healthz", host=host).status == 200
        assert not running.events("other machines can connect, and the credentials cross the network "
                                  "unencrypted")


def test_addresses_that_cannot_be(identity):
    start = ["serve", *identity.flags, *ARNS, "--port", "0"]
    for form in ("9912", "127.0.0.1", "127.0.0.1:", "[::1]", "::1", "::1:9912", "127.0.0.1:x",
                 "127.0.0.1:99999999999", "http://127.0.0.1:9912"):
        assert_fails(run(*start, "--metrics-address", form), 2, "metrics-address", ":9912")
    assert_fails(run(*start, "--metrics-address", "localhost:9912"), 2, "localhost", "127.0.0.1")
    assert_fails(run(*start, "--metrics-address", "127.0.0.1:70000"), 2, "70000")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_fails(run(*start, "--metrics-address", f"127.0.0.1:{port}"), 2, str(port))
        assert_fails(run(*start, "--metrics-address", f":{port}"), 2, str(port))


def test_before_there_are_credentials(identity, tmp_path):
    """A probe gets an answer, and does not wait as clients do."""
    with Emulator(identity.root_file) as slow:
        with paused(slow.process.pid):
            running = serving(tmp_path, "127.0.0.1:0", server=slow, flags=identity.flags,
                              wait=False).__enter__()
            try:
                port = status_port(running)
                assert ask(port, "GET", "/healthz").status == 503
                assert "rolecall_last_success_timestamp_seconds" in ask(port, "GET", "/metrics").body
            except BaseException:
                running.__exit__(AssertionError)
                raise
        running.wait_until_it_listens()
        assert ask(port, "GET", "/healthz").status == 200
        running.__exit__(None)


def test_connections_that_send_nothing(identity, emulator, tmp_path):
    """Many of them keep out neither probes nor clients."""
    with serving(tmp_path, "127.0.0.1:0", server=emulator, flags=identity.flags) as running:
        port = status_port(running)
        silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(300)]
        try:
            assert ask(port, "GET", "/healthz", timeout=8).status == 200
            assert running.credentials()
        finally:
            for client in silent:
                client.close()


def test_doctor_knows_it(identity, emulator, tmp_path):
    def said(value):
        config = write_config(tmp_path, f'[serve]\nport = 1\nmetrics-address = "{value}"\n')
        return run("doctor", "--config", config).out
    with serving(tmp_path, "127.0.0.1:0", server=emulator, flags=identity.flags) as running:
        address = f"127.0.0.1:{status_port(running)}"
        assert f"health and metrics are at {address}" in said(address)
    assert f"nothing listens at metrics-address {address}" in said(address)
    assert "\"9912\" is not an IP address and a port" in said("9912")


@netns.needed
def test_a_neighbour(identity, tmp_path):
    """It reaches the metrics, and not the credentials."""
    with netns.pair() as (host, neighbour):
        with serving(tmp_path, ":0", "--lazy", server="http://127.0.0.1:1", flags=identity.flags,
                     prefix=host.prefix) as running:
            assert netns.ask(neighbour, host.address, "/healthz", status_port(running))[0] == 503
            assert netns.ask(neighbour, host.address, "/healthz", running.port) is None
