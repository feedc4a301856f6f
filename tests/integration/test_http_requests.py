"""serve's HTTP server on bytes as they come: what is refused, and that the connection then ends."""

import re
import socket

import pytest
from support.process import build_kind
from support.serve import ROLE, Serve, eventually

GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


class Connection:
    def __init__(self, serve):
        self.socket = socket.create_connection(("127.0.0.1", serve.port), timeout=20)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def rest(self):
        """All up to the connection's end."""
        text = b""
        try:
            while data := self.socket.recv(65536):
                text += data
        except ConnectionResetError:
            pass
        return text.decode()

    def answer(self):
        """(status, headers, body); None at the connection's end."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            return None
        if not line:
            return None
        headers = {}
        while (header := self.file.readline().decode().rstrip("\r\n")):
            name, _, value = header.partition(": ")
            headers[name.lower()] = value
        return (int(line.split()[1]), headers,
                self.file.read(int(headers.get("content-length", "0"))).decode())


def assert_refused(serve, request, status):
    """By one answer, behind which nothing is answered."""
    with Connection(serve) as connection:
        connection.send(request + GOOD + b"\r\n")
        answer = connection.rest()
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ") and "\r\nConnection: close" in head, answer
    # libmicrohttpd 0.9.75 sends the head of its own answer to a wrong Content-Length twice.
    answers = len(re.findall(r"HTTP/1\.1 \d", answer))
    assert answers == 1 or (body.startswith(head) and "200 OK" not in body), answer
    return body


def request(*headers, line=b"GET /healthz HTTP/1.1", host=b"Host: localhost"):
    return b"\r\n".join([line, *([host] if host else []), *headers, b"", b""])


MALFORMED = {
    "two lengths": request(b"Content-Length: 0", b"Content-Length: 0"),
    "two lengths that differ": request(b"Content-Length: 3", b"content-length: 0") + b"abc",
    "a list of lengths": request(b"Content-Length: 0, 0"),
    "a negative length": request(b"Content-Length: -1"),
    "length and encoding": request(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunked": request(b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "another encoding": request(b"Transfer-Encoding: gzip"),
    "identity": request(b"Transfer-Encoding: identity"),
    "two encodings": request(b"Transfer-Encoding: gzip, chunked"),
    "an encoding of no name": request(b"Transfer-Encoding:"),
    "repeated encoding": request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "blank before a colon": request(b"Transfer-Encoding : chunked"),
    "tab before a colon": request(b"Content-Length\t: 5"),
    "blank before the first colon": request(b"Host : localhost", host=None),
    "blank before a name": request(b" X-Forwarded-For: 1", host=None),
    "NUL in Host": request(host=b"Host: localhost\x00.evil.example"),
    "NUL at the end": request(host=b"Host: localhost\x00"),
    "NUL at the beginning": request(host=b"Host: \x00localhost"),
    "NUL in a value": request(b"A: b\x00c", b"D: e"),
    "NUL in the last value": request(b"A: b\x00Origin: x"),
    "NUL in a name": request(b"A\x00: b"),
    "NUL in the path": request(line=b"GET /healthz\x00/x HTTP/1.1"),
    "NUL in the method": request(line=b"GET\x00 /healthz HTTP/1.1"),
    "a control character": request(b"A: b\x01"),
    "an escape": request(b"A: \x1b[2J"),
    "DEL": request(b"A: \x7f"),
    "a lone CR": request(b"A: b\rX-Forwarded-For: c"),
    "a control character in the path": request(line=b"GET /health\x08z HTTP/1.1"),
    "a control character in the query": request(line=b"GET /healthz?\x01 HTTP/1.1"),
    "a name that is no token": request(b"A(b): c"),
    "no name": request(b": c"),
    "no colon": request(b"nothing"),
    "two blanks in the first line": request(line=b"GET  /healthz HTTP/1.1"),
    "a header in two lines": request(b"A: b\r\n c"),
    "a proxy's header in two lines": request(b"X-Forwarded-For: 1\r\n 2"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_ends_the_connection(serve, name):
    if name in ("NUL in the path", "NUL in the method") and build_kind() != "shared":
        with Connection(serve) as connection:  # libmicrohttpd 1.0 ends it without an answer
            connection.send(MALFORMED[name] + GOOD + b"\r\n")
            assert connection.rest() == ""
        return
    assert_refused(serve, MALFORMED[name], 400)


def test_a_line_that_ends_with_lf_alone_is_no_line_or_is_refused(serve):
    """RFC 9112, 2.2, allows both; it depends on libmicrohttpd's version."""
    with Connection(serve) as connection:
        connection.send(request(b"A: b\n" + b"Origin: http://evil.example"))
        assert connection.answer()[0] in (400, 403)


@pytest.mark.parametrize("line", [b"GET /healthz HTTP/1.1", b"PUT /latest/api/token HTTP/1.1"])
@pytest.mark.parametrize("body", [b"", b"5\r\nhel"])
def test_the_end_of_a_chunked_body_is_not_waited_for(serve, line, body):
    with Connection(serve) as connection:
        connection.send(request(b"Transfer-Encoding: chunked", line=line) + body)
        answer = connection.answer()
        assert answer is not None and answer[0] == 400 and answer[1]["connection"] == "close", answer
        assert connection.answer() is None


def test_a_nul_in_pieces(serve):
    """However the bytes come in, and behind other requests of the same connection."""
    with Connection(serve) as connection:
        for _ in range(3):
            connection.send(GOOD + b"\r\n")
            assert connection.answer()[0] == 200
        for byte in request(host=b"Host: localhost\x00.evil"):
            connection.send(bytes([byte]))
        answer = connection.answer()
        assert answer[0] == 400 and connection.answer() is None, answer


FOREIGN = [b"X-Forwarded-For: 10.0.0.1", b"x-forwarded-host: a", b"Forwarded: for=10.0.0.1",
           b"Via: 1.1 proxy", b"X-Real-IP: 10.0.0.1", b"Origin: http://evil.example",
           b"Origin: null", b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Site: same-site"]


@pytest.mark.parametrize("header", FOREIGN)
def test_proxies_and_pages_are_refused(serve, header):
    for line in (b"PUT /latest/api/token HTTP/1.1", b"GET /credentials/default HTTP/1.1"):
        answer = assert_refused(serve, request(header, line=line), 403)
        assert header.decode().split(":")[0] in answer


def test_every_refusal_of_the_guard_ends_the_connection(serve):
    assert_refused(serve, request(host=b"Host: evil.example"), 403)
    assert_refused(serve, request(host=None), 400)
    assert_refused(serve, request(b"Host: localhost"), 400)
    assert_refused(serve, request(b"A: " + b"a" * 8500), 431)
    assert_refused(serve, request(b"Content-Length: 3") + b"abc", 413)


def test_what_sdks_send_passes(serve):
    with Connection(serve) as connection:
        for headers in ((), (b"A: b c",), (b"A:b",), (b"A: b\t c  ",), (b"A:",), (b"A: \xc3\xa4",),
                        (b"Sec-Fetch-Site: none", b"Sec-Fetch-Mode: cors"), (b"Content-Length: 0",),
                        (b"A: " + b"a" * 7000, b"B: c")):
            connection.send(request(*headers))
            answer = connection.answer()
            assert answer[0] == 200 and "connection" not in answer[1], (headers, answer)


def test_a_503_names_no_file(identity, tmp_path):
    key = tmp_path / "key-of-somebody.pem"
    with Serve(tmp_path, "--lazy", "--certificate", identity.certificate, "--private-key", key,
               server="http://127.0.0.1:1") as running:
        eventually(lambda: running.events("renewal failed"))
        answer = running.get(f"/latest/meta-data/iam/security-credentials/{ROLE}")
        assert answer.status == 503, answer
        message = answer.json["message"]
        assert "/" not in message and "somebody" not in message, message
        assert "the log of rolecall serve says why" in message, message
        assert "key-of-somebody" in running.events("renewal failed")[0]["reason"]


# --- slashes


@pytest.mark.parametrize("slashes", ["/", "//", "///"])
@pytest.mark.parametrize("end", ["", "/"])
def test_slashes_at_both_ends_change_nothing(serve, slashes, end):
    token = (serve.directory / "rolecall" / "default.token").read_text()

    def ask(method, path, *headers):
        with Connection(serve) as connection:
            line = f"{method} {slashes}{path}{end} HTTP/1.1".encode()
            connection.send(request(*(header.encode() for header in headers), line=line))
            return connection.answer()
    given = ask("PUT", "latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds: 60")
    assert given[0] == 200, given
    imds = "x-aws-ec2-metadata-token: " + given[2]
    assert ask("GET", "latest/meta-data/iam/security-credentials", imds)[2] == ROLE
    for path, header in ((f"latest/meta-data/iam/security-credentials/{ROLE}", imds),
                         ("latest/meta-data/placement/region", imds),
                         ("credentials/default", "Authorization: " + token), ("healthz", "A: b"),
                         ("metrics", "A: b")):
        assert ask("GET", path, header)[0] == 200, path
    assert ask("GET", f"latest//meta-data/iam/security-credentials/{ROLE}", imds)[0] == 404
