"""The addresses that serve listens on, and who can reach it there."""

import os
import socket

import pytest
from support.serve import CREDENTIALS, Serve, ask, eventually


def test_ipv6(identity, emulator, tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with Serve(tmp_path, "--address", "::1", server=emulator, flags=identity.flags) as running:
        assert running.url.startswith("http://[::1]:")
        answer = ask(running.port, "GET", "/healthz", host="::1")
        assert answer.status == 200, answer
        assert ask(running.port, "GET", "/healthz", {"Host": "evil.example"}, host="::1").status == 403
        token = ask(running.port, "PUT", "/latest/api/token", host="::1").body
        ask(running.port, "GET", CREDENTIALS, {"x-aws-ec2-metadata-token": token}, host="::1")
        gave = eventually(lambda: running.events("gave credentials"))[-1]
        assert gave["peer"].startswith("[::1]:") and gave["uid"] == str(os.getuid()), gave


def connects(port, least_ttl, host="127.0.0.1"):
    """A client that drops what comes with a lower TTL."""
    with socket.socket() as client:
        client.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_MINTTL", 21), least_ttl)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
        client.settimeout(2)
        try:
            client.connect((host, port))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False


def test_hop_limit(serve, identity, emulator, tmp_path):
    assert connects(serve.port, 64) and not connects(serve.port, 65)
    with Serve(tmp_path, "--hop-limit", "3", server=emulator, flags=identity.flags) as running:
        assert connects(running.port, 3) and not connects(running.port, 4)


def test_remote(identity, emulator, tmp_path):
    """Every address stands for one that others reach."""
    common = {"server": emulator, "flags": identity.flags}
    with Serve(tmp_path, "--address", "0.0.0.0", "--allow-remote", **common) as running:
        assert running.ask("PUT", "/latest/api/token").status == 404
        token = (tmp_path / "rolecall" / "default.token").read_text()
        given = running.ask("GET", "/credentials/default", {"Authorization": token})
        assert given.status == 200, given
        assert running.ask("GET", "/healthz", {"Host": "evil.example"}).status == 403
        assert connects(running.port, 1) and not connects(running.port, 2)
        assert running.events("other machines can connect, and the credentials cross the network unencrypted")
    with Serve(tmp_path, "--address", "0.0.0.0", "--allow-remote", "--imds", "--hop-limit", "2",
               **common) as running:
        assert running.credentials()
        assert connects(running.port, 2) and not connects(running.port, 3)


def test_the_hop_limit_holds_for_ipv4_clients_of_an_ipv6_socket(identity, emulator, tmp_path):
    try:
        socket.create_server(("::", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with Serve(tmp_path, "--address", "::", "--allow-remote", server=emulator,
               flags=identity.flags) as running:
        assert connects(running.port, 1) and not connects(running.port, 2)
