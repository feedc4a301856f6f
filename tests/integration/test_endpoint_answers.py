"""What an endpoint that is not the service answers, and what every refusal names."""

import socket
import threading

import pytest
from support import verifier as v
from support.process import (ARNS, PATIENCE, Emulator, assert_credentials, assert_fails,
                             credential_process, run, session)
from support.verifier import SECRET_KEY, Verifier, service_error

REDIRECTS = [
    ("https://portal.example/login", "https://portal.example/login"),
    ("https://portal.example/login?token=SECRET#SECRET", "https://portal.example/login "),
    ("https://bob:SECRET@portal.example/x", "https://portal.example/x"),
    ("//bob:SECRET@portal.example/x", "//portal.example/x"),
    ("https://a@b:SECRET@portal.example", "https://portal.example "),
    ("http:bob:SECRET@portal.example/x", "portal.example/x"),
    ("https:\\\\bob:SECRET@portal.example\\x", "https://portal.example/x"),
    ("/login;jsessionid=SECRET", "/login "),
    ("/users/bob@SECRET", "/users/bob "),
    ("https://portal.example/a\x1b[31mred\x9b", "https://portal.example/a"),
    ("/" + "x" * 5000, "/xxx"),
    ("", "a redirect .HTTP"),
    (None, "a redirect .HTTP"),
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location,shown", REDIRECTS)
def test_a_redirect(identity, status, location, shown):
    headers = {} if location is None else {"Location": location}
    with Verifier(v.respond(status, b"<html>", headers)) as verifier:
        result = session(verifier, identity.flags)
    assert_fails(result, 1, shown, hint="login page of a network")
    assert len(verifier.requests) == 1
    assert verifier.url in result.errors[0] and str(status) in result.errors[0], result
    assert "SECRET" not in result.err and "\x1b" not in result.err and "\\x" not in result.err
    assert len(result.err) < 1500 and len(result.err.splitlines()) == 2, result


def test_511_says_what_it_is(identity):
    with Verifier(v.respond(511, b"<html>")) as verifier:
        result = session(verifier, identity.flags)
    assert_fails(result, 3, "requires a login first.*511", hint="browser")
    assert len(verifier.requests) == 1 and verifier.url in result.errors[0], result


@pytest.mark.parametrize("command", ["credential-process", "export", "configure", "exec", "update"])
@pytest.mark.parametrize("status", [501, 520])
def test_any_5xx_is_worth_another_try_later(identity, tmp_path, command, status):
    more = {"exec": ["--", "/bin/true"], "configure": ["--profile", "demo"],
            "update": ["--once"]}.get(command, [])
    with Verifier(v.respond(status, b"<html>")) as verifier:
        result = run(command, *identity.flags, *ARNS, "--endpoint", verifier.url, *more,
                     env={"HOME": str(tmp_path)})
    assert_fails(result, 125 if command == "exec" else 3, str(status), hint="try again later")


@pytest.mark.parametrize("answer", [
    service_error(403, "AccessDeniedException", "no"), service_error(400, "ValidationException"),
    service_error(404, "ResourceNotFoundException"), service_error(501, "X"),
    v.respond(403, b"<html>"), v.respond(302), v.respond(511), v.respond(201, b"{}"),
    v.respond(201, b"not JSON"), v.ok(expiration="2020-01-01T00:00:00Z"), v.raw(b"SSH-2.0-x\r\n"),
    v.raw(b""), v.respond(201, b"x" * 2000000),
    service_error(503, "Busy", "later", headers={"Retry-After": "0"})])
def test_every_refusal_names_the_endpoint(identity, answer):
    with Verifier(answer) as verifier:
        result = session(verifier, identity.flags, "--timeout", "5")
    assert result.code in (1, 3) and verifier.url in result.errors[0], result
    assert SECRET_KEY not in result.err, result


def test_what_is_not_http(identity):
    with Verifier(v.raw(b"SSH-2.0-OpenSSH_9.2\r\n")) as verifier:
        result = session(verifier, identity.flags, "--timeout", "5")
    assert_fails(result, 3, "does not speak HTTP", hint="TLS port|is the endpoint really")
    assert "0.9" not in result.err, result


class Hangup:
    """Accepts and writes `data` before it reads: for https that is no TLS."""

    def __init__(self, data):
        self.data, self.connections = data, 0

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def _run(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                with connection:
                    connection.sendall(self.data)
                    connection.recv(65536)
        except OSError:
            return

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


@pytest.mark.parametrize("data", [b"220 mail.example ESMTP\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
                                  b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_https_to_what_speaks_no_tls(identity, data):
    with Hangup(data) as server:
        result = session(server.url, identity.flags)
    assert_fails(result, 1, "does not speak TLS", hint="plain-http")
    assert server.connections == 1 and "routines" not in result.err, result


def test_a_handshake_that_ends_may_pass(identity):
    with Hangup(b"") as server:
        result = session(server.url, identity.flags, "--timeout", "5")
    assert_fails(result, 3, "TLS handshake with https://127|closed", hint=".")
    assert "routines" not in result.err and "0A00" not in result.err, result


# retryAfterSeconds of a 503's body

def busy(seconds, header=None):
    body = {"message": "busy", "retryAfterSeconds": seconds}
    headers = {"x-amzn-ErrorType": "ServiceUnavailableException"}
    if header is not None:
        headers["Retry-After"] = header
    return v.respond(503, body, headers)


@pytest.mark.parametrize("answer,least,most", [
    (busy(2), 1.9, 20), (busy(20, "0"), 0, 15), (busy(0, "2"), 1.9, 20), (busy(0, "junk"), 0, 15),
    (busy(-20), 0, 15), (busy("20"), 0, 15), (busy(20.5), 0, 15), (busy(None), 0, 15),
    (busy([20]), 0, 15)])
def test_retry_after_seconds_in_the_body(identity, answer, least, most):
    with Verifier(answer, v.ok()) as verifier:
        assert_credentials(session(verifier, identity.flags))
    first, second = (request.at for request in verifier.requests)
    assert least <= second - first <= most


@pytest.mark.parametrize("seconds", [3600, 99999999999, 2**63, 2**64])
def test_a_wait_beyond_the_deadline_is_not_begun(identity, seconds):
    with Verifier(busy(seconds)) as verifier:
        result = session(verifier, identity.flags)
    assert_fails(result, 3, "busy", hint="asks for a wait" if seconds < 2**63 else None)
    assert result.seconds < PATIENCE, result


def test_emulate_says_it_as_the_service_does(identity):
    with Emulator(identity.root_file, "--fault", "503:1", "--fault", "retry-after=1") as emulator:
        before = session(emulator, identity.flags)
    assert_credentials(before)
    assert before.seconds > 0.9, before


def test_no_answer_names_the_endpoint(identity):
    result = credential_process(*identity.flags, *ARNS, "--endpoint", "https://127.0.0.1:9",
                                "--timeout", "5")
    assert_fails(result, 3, "https://127.0.0.1:9")
