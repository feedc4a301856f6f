"""What serve refuses, in its log whatever the client sends; and what it takes off before it looks."""

import json
import socket

import pytest
from support.process import free_port
from support.serve import CREDENTIALS, Serve, ask, eventually
from test_http_requests import Connection, assert_refused, request


def refusals(running):
    return running.events("refused a request")


LONG = b"A" * 4000


@pytest.mark.parametrize("refused", [
    request(b"X-Forwarded-" + LONG + b": 1"),
    request(b"X-Forwarded-For: " + LONG),
    request(b"Origin: " + LONG),
    request(host=b"Host: " + LONG),
    request(host=b"Host: " + b"\xff" * 4000),
    request(host=b"Host: localhost:" + b"1" * 4000 + b".evil.example"),
    request(line=b"GET /" + LONG + b" HTTP/1.1"),
    request(line=b"GET /" + b"\xff" * 4000 + b" HTTP/1.1"),
    request(line=LONG + b" / HTTP/1.1"),
    request(LONG + b" : 1"),
])
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_refused_client_keeps_out_of_the_log(identity, emulator, tmp_path, refused, form):
    port = free_port()
    with Serve(tmp_path, "--log-format", form, "--port", port, server=emulator,
               flags=identity.flags, wait=False) as running:
        running.port = port
        eventually(lambda: "listening" in running.err)
        with Connection(running) as connection:
            connection.send(refused)
            assert connection.answer()[0] in (400, 403, 404)
        line = eventually(lambda: [line for line in running.err.splitlines()
                                   if "refused a request" in line])[0]
        assert "status" in line and "reason" in line, line
        if form == "json":
            assert json.loads(line)["level"] == "warning"


@pytest.mark.parametrize("value", [
    b"Content-Length: +0", b"Content-Length: 0x0", b"Content-Length:", b"Content-Length: 1 1",
    b"Content-Length: 99999999999999999999999"])
def test_what_the_http_library_refuses_is_in_the_log(identity, emulator, tmp_path, value):
    """By a server whose log has room for it: refusals have some lines a second."""
    with Serve(tmp_path, server=emulator, flags=identity.flags) as running:
        assert_refused_by_library(running, request(value))
        refused = eventually(lambda: refusals(running))[0]
        assert refused["status"] in ("400", "413") and "HTTP" in refused["reason"], refused
        assert 'route="unreadable"' in ask(running.port, "GET", "/metrics").body


def assert_refused_by_library(serve, data):
    with Connection(serve) as connection:
        connection.send(data)
        assert connection.rest().startswith("HTTP/1.1 4")


FORWARDED = [b"X-Original-Forwarded-For: 1", b"X-Forwarded_For: 1", b"CF-Connecting-IP: 1",
             b"True-Client-IP: 1", b"X-Client-IP: 1", b"X-Cluster-Client-IP: 1", b"CDN-Loop: a",
             b"Sec-Fetch-Site: cross-site, none", b"Sec-Fetch-Site: none, cross-site"]


@pytest.mark.parametrize("header", FORWARDED)
def test_what_was_forwarded_is_refused(serve, header):
    for line in (b"PUT /latest/api/token HTTP/1.1", b"GET /credentials/default HTTP/1.1"):
        assert header.decode().split(":", maxsplit=1)[0] in assert_refused(
            serve, request(header, line=line), 403)
    assert_refused(serve, request(b"Sec-Fetch-Site: none", b"Sec-Fetch-Site: cross-site"), 403)


@pytest.mark.parametrize("before", [b"", b" ", b"\t", b" \t  "])
@pytest.mark.parametrize("after", [b"", b" ", b"\t", b" \t  "])
def test_blanks_around_a_value_are_not_part_of_it(serve, before, after):
    def get(line, name, value):
        with Connection(serve) as connection:
            connection.send(request(name + b":" + before + value.encode() + after, line=line,
                                    host=b"Host:" + before + b"localhost" + after))
            return connection.answer()
    given = get(b"PUT /latest/api/token HTTP/1.1", b"x-aws-ec2-metadata-token-ttl-seconds", "60")
    assert given[0] == 200, given
    credentials = b"GET " + CREDENTIALS.encode() + b" HTTP/1.1"
    assert get(credentials, b"x-aws-ec2-metadata-token", given[2])[0] == 200
    token = (serve.directory / "rolecall" / "default.token").read_text()
    line = b"GET /credentials/default HTTP/1.1"
    assert get(line, b"Authorization", token)[0] == 200
    assert get(line, b"Sec-Fetch-Site", "none")[0] == 401
    assert get(line, b"Sec-Fetch-Site", "cross-site")[0] == 403


def test_blanks_hide_no_nul(serve):
    for value in (b"localhost\x00", b"localhost \x00", b"localhost\x00 ", b"\x00 localhost"):
        assert_refused(serve, request(host=b"Host: " + value), 400)


def test_refuses_other_hosts_and_proxies(serve):
    token = {"x-aws-ec2-metadata-token": serve.token()}
    for host in ("evil.example", "evil.example:9911", "169.254.169.254", ""):
        for path in (CREDENTIALS, "/healthz", "/metrics", "/credentials/default"):
            assert serve.ask("GET", path, {**token, "Host": host}).status == 403, (host, path)
        assert serve.ask("PUT", "/latest/api/token", {"Host": host}).status == 403, host
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]"):
        assert serve.ask("GET", CREDENTIALS, {**token, "Host": host}).status == 200, host
    for path in (CREDENTIALS, "/healthz"):
        forwarded = {**token, "X-Forwarded-For": "10.0.0.1"}
        assert serve.ask("GET", path, forwarded).status == 403, path
    assert serve.ask("PUT", "/latest/api/token", {"X-Forwarded-For": "::1"}).status == 403
    assert serve.ask("PUT", "/latest/api/token", {"X-Forwarded-For ": "::1"}).status == 400


def test_refuses_other_methods_paths_and_bodies(serve):
    token = {"x-aws-ec2-metadata-token": serve.token()}
    for method in ("POST", "HEAD", "DELETE", "OPTIONS", "PUT", "BREW"):
        for path in (CREDENTIALS, "/healthz", "/metrics", "/credentials/default"):
            assert serve.ask(method, path, token).status == 405, (method, path)
    for path in ("/", "/latest/", "/latest/meta-data", "/credentials", "/healthz//",
                 "/latest/meta-data/iam/security-credentials/Other", "/latest/user-data"):
        assert serve.ask("GET", path, token).status == 404, path
    for body in (b"x", b"x" * 100000):
        assert serve.ask("PUT", "/latest/api/token", body=body).status == 413
    assert serve.ask("PUT", "/latest/api/token", body=b"1\r\nx\r\n0\r\n\r\n",
                     headers={"Transfer-Encoding": "chunked"}).status == 400


def test_refuses_long_headers(serve):
    assert serve.ask("GET", "/healthz", {"A": "a" * 8000}).status == 200
    for name, value in (("A", "a" * 8200), ("A", "a" * 60000)):
        assert serve.ask("GET", "/healthz", {name: value}).status == 431
    many = {f"H{i}": "a" for i in range(1000)}
    assert serve.ask("GET", "/healthz", many).status == 431
    assert serve.ask("GET", "/healthz?" + "a" * 9000).status == 431
    assert serve.ask("GET", "/healthz").status == 200


def test_garbage_does_no_harm(serve):
    for garbage in (b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n",
                    b"GET /healthz HTTP/9.9\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n",
                    b"\xff" * 5000, b"GET /%zz%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", serve.port), timeout=10) as client:
            client.sendall(garbage)
            client.settimeout(0.3)  # some of it may be the begin of a request
            try:
                assert b"200 OK" not in client.recv(4096), garbage
            except (ConnectionResetError, TimeoutError):
                pass
    assert serve.ask("GET", "/healthz").status == 200
