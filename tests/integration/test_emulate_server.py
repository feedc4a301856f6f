"""The server of `rolecall emulate`: TLS, what clients send or leave open, signals, and addresses."""

import concurrent.futures
import select
import signal
import socket
import ssl
import threading
import time

import pytest
from support import pki, signing
from support.process import PATIENCE, Emulator, assert_fails, run
from support.signing import ask, assert_granted, assert_refused, request


@pytest.fixture(scope="module")
def server(identity):
    with Emulator(identity.root_file) as emulator:
        yield emulator


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


def test_deep_json_is_refused(identity):
    with Emulator(identity.root_file) as emulator:
        for levels in (65, 15000):
            asked = request(identity.leaf)
            asked.body = (b'{"a":' + b"[" * levels + b"]" * levels + b',"b":1,"c":2}')
            assert_refused(asked.send(emulator.url), "ValidationException", "not a JSON object", 400)
        assert_granted(ask(emulator, identity))


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


def test_remote_addresses_need_leave_and_get_it(identity):
    with Emulator(identity.root_file, "--address", "0.0.0.0", "--allow-remote") as emulator:
        assert emulator.url == f"http://0.0.0.0:{emulator.port}"
        with connect(emulator):
            pass
    with Emulator(identity.root_file, "--address", "127.0.0.2") as emulator:
        assert emulator.url.startswith("http://127.0.0.2:")
