"""The TLS server of `rolecall emulate`: handshakes that fail or never end, and what is open at the
end."""

import concurrent.futures
import contextlib
import http.client
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import pytest
from support import pki
from support.process import PATIENCE, Emulator, assert_fails, needs_libraries_of_the_system, run
from support.signing import assert_granted, request


class Files:
    """A root, the chain below it, and the flags for a server with that chain."""

    def __init__(self, directory, **more):
        self.root = pki.root("TLS Root")
        intermediate = self.root.issue("TLS Intermediate", ca=True)
        server = pki.tls_server(intermediate, **more)
        self.flags = ["--tls-cert", pki.write(directory, "tls.pem", pki.pem(server, intermediate)),
                      "--tls-key", pki.write(directory, "tls.key", pki.key_pem(server.key))]
        self.ca = pki.write(directory, "tls-root.pem", pki.pem(self.root))

    def context(self):
        return ssl.create_default_context(cafile=self.ca)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(identity, files):
    with Emulator(identity.root_file, *files.flags) as emulator:
        yield emulator


def connect(emulator):
    return socket.create_connection(("127.0.0.1", emulator.port), timeout=60)


def secured(emulator, files, context=None):
    return (context or files.context()).wrap_socket(
        connect(emulator), server_hostname="127.0.0.1", suppress_ragged_eofs=False)


def without_tls(client):
    """The connection below."""
    plain = socket.socket(fileno=client.detach())
    plain.settimeout(60)
    return plain


def ask(emulator, identity, files):
    return request(identity.leaf).send(emulator.url, context=files.context())


def number_of(pid, what):
    return len(os.listdir(f"/proc/{pid}/{what}"))


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["rsa2048", "rsa1024", "p256", "p384", "ed25519"])
def test_kinds_of_keys(identity, tmp_path, kind):
    files = Files(tmp_path, key_kind=kind)
    context = files.context()
    context.set_ciphers("DEFAULT@SECLEVEL=1")
    with Emulator(identity.root_file, *files.flags) as emulator:
        assert_granted(request(identity.leaf).send(emulator.url, context=context))


@pytest.mark.parametrize("version,served", [
    (ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False),
    (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions_of_tls(server, identity, files, version, served):
    context = files.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    if served:
        assert_granted(request(identity.leaf).send(server.url, context=context))
    else:
        with pytest.raises(ssl.SSLError, match="alert protocol version"):
            secured(server, files, context)


def test_a_client_that_offers_http_2_gets_http_1(server, files):
    context = files.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secured(server, files, context) as client:
        assert client.selected_alpn_protocol() is None
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert client.recv(9) == b"HTTP/1.1 "


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_resumed(server, files, version):
    context = files.context()
    context.minimum_version = context.maximum_version = version
    with secured(server, files, context) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(1000)
        session = client.session
    with context.wrap_socket(connect(server), server_hostname="127.0.0.1",
                             session=session if session.id else None) as client:
        assert not client.session_reused
        assert not session.has_ticket


def test_several_requests_on_a_connection(server, identity, files):
    host = urllib.parse.urlsplit(server.url).netloc
    connection = http.client.HTTPSConnection(host, context=files.context(), timeout=60)
    connection.connect()
    port = connection.sock.getsockname()
    for _ in range(20):
        asked = request(identity.leaf).sign(host)
        connection.request("POST", "/sessions", asked.body, dict(asked.headers))
        answer = connection.getresponse()
        assert answer.status == 201 and answer.read()
        assert connection.sock.getsockname() == port
    connection.close()


def test_two_requests_in_one_record(server, files):
    with secured(server, files) as client:
        client.sendall(2 * b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = b""
        while answer.count(b"HTTP/1.1 ") < 2:
            answer += client.recv(4096)


def test_a_large_request(server, identity, files):
    asked = request(identity.leaf)
    asked.body += b" " * (64 * 1024 - len(asked.body))
    assert_granted(asked.send(server.url, context=files.context()))
    with secured(server, files) as client:
        size = 5_000_000
        client.sendall(b"POST /sessions HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
        client.sendall(b"x" * size)
        assert client.recv(12) == b"HTTP/1.1 413"


def test_more_clients_than_connection_slots(identity, files):
    with Emulator(identity.root_file, *files.flags, "--fault", "delay=0.3") as emulator:
        asked = request(identity.leaf).sign(urllib.parse.urlsplit(emulator.url).netloc)
        context = files.context()
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(
                lambda _: asked.send(emulator.url, context=context, timeout=60), range(200)))
        keys = {assert_granted(answer)["credentials"]["accessKeyId"] for answer in answers}
        assert len(keys) == 200


def ask_without_reading(client):
    """Until the server takes no more."""
    client.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while True:
            client.sendall(100 * b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


def test_silent_clients_keep_nobody_out_and_are_closed(identity, files):
    """Before the handshake, in the middle of it, and after it; and one that asks, but does not read."""
    with Emulator(identity.root_file, *files.flags) as emulator:
        silent = [connect(emulator) for _ in range(20)]
        for client in silent[::2]:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        idle = secured(emulator, files)
        deaf = secured(emulator, files)
        ask_without_reading(deaf)
        begin = time.monotonic()
        assert_granted(ask(emulator, identity, files))
        assert time.monotonic() - begin < PATIENCE
        for client in (*silent[:2], idle):  # closed after 10 seconds
            client.settimeout(25)
            assert client.recv(1) == b""
        hung_up = select.poll()
        hung_up.register(deaf, select.POLLRDHUP)
        assert hung_up.poll(25_000)
        for client in (*silent, idle, deaf):
            client.close()
        assert_granted(ask(emulator, identity, files))


def test_garbage_instead_of_a_client_hello(server, identity, files):
    for garbage in (b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\xff" * 50_000,
                    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x16\x03\x01\xff\xff" * 4000,
                    b"\x15\x03\x01\x00\x02\x02\x28"):
        with connect(server) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                assert b"HTTP" not in client.recv(4096)
    assert_granted(ask(server, identity, files))


def test_garbage_after_the_handshake(server, identity, files):
    plain = without_tls(secured(server, files))
    plain.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    answer = plain.recv(100)
    assert answer[:1] in (b"\x15", b"\x17") and b"HTTP" not in answer  # an alert
    plain.close()
    assert_granted(ask(server, identity, files))


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("sent", ["nothing", "part of the hello", "part of the request",
                                  "the request"])
def test_a_client_that_goes_away(identity, files, sent, reset):
    with Emulator(identity.root_file, *files.flags, "--fault", "delay=0.3:1") as emulator:
        before = number_of(emulator.process.pid, "fd")
        if sent in ("nothing", "part of the hello"):
            client = connect(emulator)
            client.sendall(b"\x16\x03\x01\x02\x00\x01" if sent != "nothing" else b"")
        else:
            asked = request(identity.leaf).sign(urllib.parse.urlsplit(emulator.url).netloc)
            head = "".join(f"{n}: {v}\r\n" for n, v in asked.headers)
            text = (f"POST /sessions HTTP/1.1\r\n{head}Content-Length: {len(asked.body)}"
                    "\r\n\r\n").encode() + asked.body
            client = secured(emulator, files)
            client.sendall(text if sent == "the request" else text[:100])
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        without_tls(client).close()
        assert_granted(ask(emulator, identity, files))
        wait_until(lambda: number_of(emulator.process.pid, "fd") <= before)
        assert emulator.process.poll() is None


def test_a_client_that_says_that_it_writes_no_more(server, files):
    client = secured(server, files)
    client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.settimeout(0)
    with contextlib.suppress(ssl.SSLError, BlockingIOError):
        client.unwrap()
    plain = without_tls(client)
    assert plain.recv(100)[:1] == b"\x17", "a record with the response"
    plain.close()


def test_descriptors_and_threads_of_connections_are_given_back(identity, files):
    with Emulator(identity.root_file, *files.flags) as emulator:
        pid = emulator.process.pid
        ask(emulator, identity, files)
        wait_until(lambda: number_of(pid, "task") <= 4)
        descriptors, threads = number_of(pid, "fd"), number_of(pid, "task")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            list(pool.map(lambda _: ask(emulator, identity, files), range(100)))
        wait_until(lambda: number_of(pid, "fd") <= descriptors)
        wait_until(lambda: number_of(pid, "task") <= threads)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_while_connections_are_open(identity, files, number):
    emulator = Emulator(identity.root_file, *files.flags, "--fault", "delay=60").__enter__()
    thread = threading.Thread(target=lambda: _ignore(lambda: ask(emulator, identity, files)))
    thread.start()
    silent = connect(emulator)
    half = connect(emulator)
    half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
    idle = secured(emulator, files)
    time.sleep(0.5)
    emulator.process.send_signal(number)
    assert emulator.process.wait(timeout=PATIENCE) == 0
    thread.join()
    assert idle.recv(1) == b"", "closed in the way of TLS"
    for client in (silent, half, idle):
        client.close()
    assert emulator.process.communicate() == (b"", b"")


def _ignore(function):
    try:
        function()
    except Exception:  # the connection ends in the middle
        pass


def test_a_truncated_response_is_noticed(identity, files):
    with Emulator(identity.root_file, *files.flags, "--fault", "truncated:1") as emulator:
        with pytest.raises(http.client.IncompleteRead):
            ask(emulator, identity, files)
        assert_granted(ask(emulator, identity, files))


def test_the_log_names_the_client(identity, files):
    with Emulator(identity.root_file, *files.flags, "--log") as emulator:
        with secured(emulator, files) as client:
            name = "{}:{}".format(*client.getsockname())
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            client.recv(100)
    assert f'"peer":"{name}"' in emulator.err


def test_a_certificate_that_no_client_accepts(identity, tmp_path):
    files = Files(tmp_path, key_kind="rsa512")
    assert_fails(run("emulate", "--trust-anchor", identity.root_file, *files.flags), 2,
                 "TLS certificate", "2048 bits")


def test_libssl_is_loaded_only_for_tls(identity, files):
    needs_libraries_of_the_system("libssl to load")
    def maps(*flags):
        with Emulator(identity.root_file, *flags) as emulator:
            with open(f"/proc/{emulator.process.pid}/maps", encoding="ascii") as text:
                return text.read()
    assert "libmicrohttpd" in maps() and "libssl.so" not in maps()
    assert "libssl.so" in maps(*files.flags)
    needed = subprocess.run(["readelf", "-d", run("version").command[0]], capture_output=True,
                            text=True, check=True).stdout
    assert "libssl" not in needed
