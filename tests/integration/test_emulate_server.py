"""`rolecall emulate` as a program: faults, log, sockets, signals and command lines."""

import re
import concurrent.futures
import datetime
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import pki, signing
from support.process import (BINARY, PATIENCE, Emulator, assert_fails, environment, needs_shared_build,
                             run)
from support.signing import (IdentityRequest, ask, assert_granted, assert_refused, length_of,
                             request)


@pytest.fixture(scope="module")
def server(identity):
    with Emulator(identity.root_file) as emulator:
        yield emulator


# --- faults


def test_faults_one_after_another(identity):
    faults = ["500:2", "503:1", "throttle:1", "empty:1", "broken:1", "retry-after=7:4"]
    flags = [part for fault in faults for part in ("--fault", fault)]
    with Emulator(identity.root_file, *flags) as emulator:
        for status, name in [(500, "InternalServerException"), (500, "InternalServerException"),
                             (503, "ServiceUnavailableException"), (400, "ThrottlingException")]:
            answer = ask(emulator, identity)
            assert (answer.status, answer.error) == (status, name)
            assert answer.headers["Retry-After"] == "7"
            # Other requests are not counted.
            assert signing.send(emulator.url, "GET", "/", [("Host", "h")]).status == 404
        answer = ask(emulator, identity)
        assert (answer.status, answer.json) == (201, {"credentialSet": []})
        answer = ask(emulator, identity)
        assert answer.status == 201 and "Retry-After" not in answer.headers
        with pytest.raises(ValueError):
            answer.json
        assert_granted(ask(emulator, identity))


def test_a_fault_without_a_count_stays(identity):
    with Emulator(identity.root_file, "--fault", "429") as emulator:
        for _ in range(3):
            assert ask(emulator, identity).status == 429


def test_a_truncated_body(identity):
    with Emulator(identity.root_file, "--fault", "truncated:1") as emulator:
        with pytest.raises(Exception) as caught:
            ask(emulator, identity)
        assert caught.type.__name__ == "IncompleteRead"
        half = len(caught.value.partial)
        assert half > 300 and abs(half - caught.value.expected) <= 1
        assert_granted(ask(emulator, identity))


def test_delay(identity):
    with Emulator(identity.root_file, "--fault", "delay=0.7:1") as emulator:
        begin = time.monotonic()
        assert_granted(ask(emulator, identity))
        assert time.monotonic() - begin >= 0.7


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_wrong_clock(identity, seconds):
    with Emulator(identity.root_file, "--fault", f"clock={seconds:+}") as emulator:
        answer = ask(emulator, identity)
        assert_refused(answer, "AccessDeniedException", "Invalid signature: Signature ")
        date = datetime.datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
        off = (date - datetime.datetime.utcnow()).total_seconds()
        assert abs(off - seconds) < 5
        asked = request(identity.leaf)
        asked.date = signing.amz_date(seconds)
        session = assert_granted(asked.send(emulator.url))
        assert abs(length_of(session) - 3600 - seconds) < 5


# --- the log


def test_log(identity):
    with Emulator(identity.root_file, "--log", "--fault", "503:1") as emulator:
        ask(emulator, identity)
        granted = request(identity.leaf)
        session = assert_granted(granted.send(emulator.url))
        IdentityRequest(session["credentials"]).send(emulator.url)
        signing.send(emulator.url, "GET", "/x%22?secret=1", [("Host", "h")])
    lines = [json.loads(line) for line in emulator.err.splitlines()]
    assert [(e["method"], e["path"], e["status"]) for e in lines] == [
        ("POST", "/sessions", 503), ("POST", "/sessions", 201), ("POST", "/", 200),
        ("GET", "/x%22", 404)]
    fault, good, sts, _ = lines
    assert fault["fault"] == "503" and fault["error"] == "ServiceUnavailableException"
    assert good["subject"] == "CN=test leaf"
    assert good["serial"] == str(identity.leaf.certificate.serial_number)
    assert good["role"] == signing.ROLE_ARN and good["durationSeconds"] == 3600
    assert good["accessKeyId"] == sts["accessKeyId"] == session["credentials"]["accessKeyId"]
    assert good["peer"].startswith("127.0.0.1:") and good["milliseconds"] >= 0
    for secret in (session["credentials"]["secretAccessKey"],
                   session["credentials"]["sessionToken"][:40], granted.signature[:40],
                   granted.x509[:60]):
        assert secret not in emulator.err
    with Emulator(identity.root_file) as silent:
        ask(silent, identity)
    assert silent.err == ""


@pytest.mark.parametrize("authorization", [
    "Bearer hunter2.SECRETJWT.sig", "Basic aHVudGVyMjpodW50ZXIy", "hunter2hunter2",
    "AWS4-X509-RSA-SHA256 hunter2=1, hunter2", "AWS4-HMAC-SHA256 password=hunter2"])
def test_a_foreign_authorization_is_neither_logged_nor_repeated(identity, authorization):
    with Emulator(identity.root_file, "--log") as emulator:
        for path in ("/sessions", "/"):
            headers = [("Host", "h"), ("Authorization", authorization),
                       ("Content-Type", "application/x-www-form-urlencoded")]
            answer = signing.send(emulator.url, "POST", path, headers,
                                  b"Action=GetCallerIdentity&Version=2011-06-15")
            assert answer.status in (400, 403)
            assert not re.search(rb"hunter2|aHVudGVy", answer.body)
    assert not re.search("hunter2|aHVudGVy", emulator.err), emulator.err


def test_a_log_that_nobody_reads_holds_nobody_up(identity):
    """Its pipe is full after some lines; then lines are dropped, requests answered, signals taken."""
    process = subprocess.Popen([BINARY, "emulate", "--trust-anchor", identity.root_file, "--log"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    url = process.stdout.readline().decode().split()[-1]
    for _ in range(300):
        assert signing.send(url, "GET", "/" + "x" * 900, [("Host", "h")]).status == 404
    process.terminate()
    assert process.wait(10) == 0
    lines = process.stderr.read().splitlines()
    assert 50 < len(lines) < 300 and all(json.loads(line)["status"] == 404 for line in lines)


def test_deep_json_is_refused(identity):
    with Emulator(identity.root_file) as emulator:
        for levels in (65, 15000):
            asked = request(identity.leaf)
            asked.body = (b'{"a":' + b"[" * levels + b"]" * levels + b',"b":1,"c":2}')
            assert_refused(asked.send(emulator.url), "ValidationException", "not a JSON object", 400)
        assert_granted(ask(emulator, identity))


def test_an_encrypted_block_asks_nobody(tmp_path, identity):
    text = open(identity.root_file).read().replace(
        "CERTIFICATE-----\n", "CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1)
    (tmp_path / "root.pem").write_text(text)
    done = subprocess.run([BINARY, "emulate", "--trust-anchor", tmp_path / "root.pem"],
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == 2 and b"pass phrase" not in done.stderr


# --- the server


@pytest.fixture
def tls_files(tmp_path):
    root = pki.root("TLS Root")
    served = pki.tls_server(root)
    return ["--tls-cert", pki.write(tmp_path, "tls.pem", pki.pem(served)),
            "--tls-key", pki.write(tmp_path, "tls.key", pki.key_pem(served.key))], \
        pki.write(tmp_path, "tls-root.pem", pki.pem(root))


def test_tls(identity, tls_files):
    flags, root = tls_files
    with Emulator(identity.root_file, *flags) as emulator:
        assert emulator.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=root)
        assert_granted(request(identity.leaf).send(emulator.url, context=context))
        old = ssl.create_default_context(cafile=root)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError):
            request(identity.leaf).send(emulator.url, context=old)
        with pytest.raises(OSError):  # plain HTTP is not answered
            request(identity.leaf).send(emulator.url.replace("https", "http"))


def connect(emulator):
    return socket.create_connection(("127.0.0.1", emulator.port), timeout=60)


def test_oversized_bodies_are_refused(server, identity):
    asked = request(identity.leaf)
    asked.body += b" " * (64 * 1024 - len(asked.body))
    assert_granted(asked.send(server.url))
    asked = request(identity.leaf)
    asked.body += b" " * (64 * 1024)
    assert asked.send(server.url).status == 413
    big = signing.send(server.url, "POST", "/sessions", [("Host", "h")], b"x" * 5_000_000)
    assert big.status == 413 and b"too large" in big.body


def test_endless_headers_are_refused(server):
    with connect(server) as client:
        client.sendall(b"POST /sessions HTTP/1.1\r\nHost: h\r\n")
        answer = b""
        try:
            for _ in range(2000):
                client.sendall(b"X-Filler: " + b"a" * 200 + b"\r\n")
            answer = client.recv(100)
        except OSError:
            pass
        assert answer == b"" or b" 431 " in answer


def test_silent_and_dripping_clients_do_not_block_others(identity):
    with Emulator(identity.root_file) as emulator:
        silent = [connect(emulator) for _ in range(30)]
        for client in silent[::2]:
            client.sendall(b"POST /sessions HTTP/1.1\r\nContent-Le")
        assert_granted(ask(emulator, identity))
        assert not select.select(silent, [], [], 0)[0], "it waited until they were closed"
        # The idle ones are closed by the server after 10 seconds.
        silent[1].settimeout(25)
        assert silent[1].recv(1) == b""
        for client in silent:
            client.close()


def test_more_clients_than_places(identity):
    """200 at once, 64 places: all are answered, none is reset."""
    with Emulator(identity.root_file, "--fault", "delay=0.3") as emulator:
        asked = request(identity.leaf).sign(emulator.url.split("/")[2])
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda _: asked.send(emulator.url), range(200)))
        keys = {assert_granted(answer)["credentials"]["accessKeyId"] for answer in answers}
        assert len(keys) == 200


def test_garbage_does_no_harm(server, identity):
    for garbage in (b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n",
                    b"POST /sessions HTTP/9.9\r\n\r\n", b"POST /sessions HTTP/1.1\r\n"
                    b"Host: h\r\nContent-Length: -1\r\n\r\n", b"\xff" * 5000,
                    b"POST /%zz%00 HTTP/1.1\r\nHost: h\r\n\r\n",
                    b"POST /sessions?%zz=%00&&&= HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"):
        with connect(server) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            try:
                client.recv(4096)
            except OSError:
                pass
    assert_granted(ask(server, identity))


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_at_once_even_in_a_delay(identity, signal_number):
    emulator = Emulator(identity.root_file, "--fault", "delay=60").__enter__()
    thread = threading.Thread(target=lambda: _ignore(lambda: ask(emulator, identity)))
    thread.start()
    idle = connect(emulator)
    time.sleep(0.5)
    emulator.process.send_signal(signal_number)
    assert emulator.process.wait(timeout=PATIENCE) == 0
    thread.join()
    idle.close()
    assert emulator.process.communicate() == (b"", b"")


def _ignore(function):
    try:
        function()
    except Exception:  # the connection ends in the middle
        pass


def test_a_client_that_goes_away_does_no_harm(identity):
    with Emulator(identity.root_file, "--fault", "delay=0.3:1") as emulator:
        asked = request(identity.leaf).sign(emulator.url.split("/")[2])
        with connect(emulator) as client:
            head = "".join(f"{n}: {v}\r\n" for n, v in asked.headers)
            client.sendall(f"POST /sessions HTTP/1.1\r\n{head}Content-Length: {len(asked.body)}"
                           "\r\n\r\n".encode() + asked.body)
        time.sleep(0.5)
        assert_granted(ask(emulator, identity))


def test_a_port_of_choice_is_free_again_at_once(identity):
    with Emulator(identity.root_file) as emulator:
        port = emulator.port
        ask(emulator, identity)
        assert_fails(run("emulate", "--trust-anchor", identity.root_file, "--port", port), 2,
                     "cannot listen on 127.0.0.1", "another port|choose another")
    with Emulator(identity.root_file, "--port", port) as again:
        assert again.port == port


# --- command lines


def files(tmp_path, identity):
    other = pki.make("other")
    return {
        "missing": str(tmp_path / "missing.pem"),
        "directory": str(tmp_path),
        "empty": pki.write(tmp_path, "empty.pem", b""),
        "text": pki.write(tmp_path, "text.pem", b"hello\n"),
        "der": pki.write(tmp_path, "der.pem", pki.der(identity.root)),
        "leaf": identity.certificate,
        "key": pki.write(tmp_path, "other.key", pki.key_pem(other.key)),
        "encrypted": pki.write(tmp_path, "encrypted.key", pki.key_pem(other.key, password=b"x")),
        "crl": pki.write(tmp_path, "good.crl", pki.crl(identity.root)),
        "root": identity.root_file,
        "broken": pki.write(tmp_path, "broken.pem",
                            pki.pem(identity.root).replace(b"\nM", b"\n!", 1)),
    }


@pytest.mark.parametrize("flags, pattern", [
    ("", "missing: --trust-anchor"),
    ("--trust-anchor missing", "No such file"),
    ("--trust-anchor directory", "is a directory"),
    ("--trust-anchor empty", "is empty"),
    ("--trust-anchor text", "holds no certificate"),
    ("--trust-anchor der", "DER"),
    ("--trust-anchor broken", "cannot be read"),
    ("--trust-anchor leaf", "has no basicConstraints with CA:TRUE"),
    ("--trust-anchor key", "holds no certificate"),
    ("--trust-anchor root --crl root", "holds no certificate revocation list"),
    ("--trust-anchor root --crl missing", "CRL file"),
    ("--trust-anchor root --tls-cert root", "--tls-key"),
    ("--trust-anchor root --tls-key key", "--tls-cert"),
    ("--trust-anchor root --tls-cert root --tls-key key", "does not match"),
    ("--trust-anchor root --tls-cert root --tls-key encrypted", "is encrypted"),
    ("--trust-anchor root --tls-cert root --tls-key crl", "no private key"),
    ("--trust-anchor root --tls-cert key --tls-key key", "no certificate"),
    ("--trust-anchor root --address 0.0.0.0", "--allow-remote"),
    ("--trust-anchor root --address ::", "--allow-remote"),
    ("--trust-anchor root --address 128.0.0.1", "--allow-remote"),
    ("--trust-anchor root --address localhost", "127.0.0.1"),
    ("--trust-anchor root --address 127.0.0.300 --allow-remote", "not an IP address"),
    ("--trust-anchor root --port 65536", "--port"),
    ("--trust-anchor root --port x", "--port"),
    ("--trust-anchor root --session-duration-max 0", "--session-duration-max"),
    ("--trust-anchor root --session-duration-max 43201", "--session-duration-max"),
    ("--trust-anchor root --role-arn demo", "not the ARN of a role"),
    ("--trust-anchor root --fault nonsense", "truncated"),
    ("--trust-anchor root --fault 500:0", "count"),
    ("--trust-anchor root --fault 200", "300 to 599"),
    ("--trust-anchor root --fault", "--fault"),
    ("--trust-anchor root stray", "stray"),
    ("--trust-anchor root --unknown", "--unknown"),
])
def test_bad_command_lines(tmp_path, identity, flags, pattern):
    if "--tls-cert" in flags and "--tls-key" in flags:
        needs_shared_build("TLS in its emulator")
    names = files(tmp_path, identity)
    result = run("emulate", *(names.get(word, word) for word in flags.split()), timeout=20)
    assert_fails(result, 2, pattern)


def test_remote_addresses_need_leave_and_get_it(identity):
    with Emulator(identity.root_file, "--address", "0.0.0.0", "--allow-remote") as emulator:
        assert emulator.url == f"http://0.0.0.0:{emulator.port}"
        with connect(emulator):
            pass
    with Emulator(identity.root_file, "--address", "127.0.0.2") as emulator:
        assert emulator.url.startswith("http://127.0.0.2:")


def test_help_ends_with_an_example():
    result = run("emulate", "--help")
    assert result.code == 0 and result.err == ""
    for flag in ("--trust-anchor", "--crl", "--role-arn", "--session-duration-max", "--fault",
                 "--accept-role-session-name", "--address", "--port", "--allow-remote",
                 "--tls-cert", "--tls-key", "--log"):
        assert flag in result.out
    assert "Examples:\n  rolecall emulate " in result.out


def test_standard_output_that_nobody_reads(identity):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([BINARY, "emulate", "--trust-anchor", identity.root_file],
                              stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=20,
                              check=False)
    assert done.returncode == 1 and b"rolecall: error: " in done.stderr


def test_a_log_that_nobody_reads_stops_nothing(identity):
    reading, writing = os.pipe()
    process = subprocess.Popen([BINARY, "emulate", "--trust-anchor", identity.root_file, "--log"],
                               stdout=subprocess.PIPE, stderr=writing, env=environment())
    try:
        url = process.stdout.readline().decode().split()[-1]
        os.close(reading)
        os.close(writing)
        for _ in range(2):
            assert_granted(request(identity.leaf).send(url))
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()
