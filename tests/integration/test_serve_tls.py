"""serve with --tls-cert and --tls-key: https for the container endpoint."""

import http.client
import os
import shutil
import socket
import ssl

import pytest
from support import pki
from support.doctor import ALONE
from support.process import ARNS, assert_fails, run
from support.serve import Serve, ask, eventually
from support.users import become, as_root


class Files:
    """A CA, and the files of a server's certificate and key."""

    def __init__(self, directory, **more):
        self.directory = directory
        self.root = pki.root("TLS Root")
        self.ca = pki.write(directory, "tls-root.pem", pki.pem(self.root))
        self.server = self.write("tls", **more)
        self.flags = ["--tls-cert", directory / "tls.pem", "--tls-key", directory / "tls.key"]

    def write(self, name, **more):
        server = pki.tls_server(self.root, **more)
        pki.write(self.directory, name + ".pem", pki.pem(server))
        pki.write(self.directory, name + ".key", pki.key_pem(server.key))
        return server

    def context(self):
        return ssl.create_default_context(cafile=self.ca)

    def connection(self, running, host="127.0.0.1"):
        return http.client.HTTPSConnection(host, running.port, timeout=20, context=self.context())

    def serial(self, running):
        """Of the certificate that a new connection is shown."""
        connection = self.connection(running)
        connection.connect()
        number = int(connection.sock.getpeercert()["serialNumber"], 16)
        connection.close()
        return number


@pytest.fixture(name="files")
def files_of_a_server(tmp_path):
    return Files(tmp_path)


def given(running, files, directory, **options):
    token = (directory / "rolecall" / "default.token").read_text()
    return ask(running.port, "GET", "/credentials/default", {"Authorization": token},
               connection=files.connection(running), **options)


def test_only_https(identity, emulator, files, tmp_path):
    with Serve(tmp_path, *files.flags, server=emulator, flags=identity.flags) as running:
        assert running.url == f"https://127.0.0.1:{running.port}"
        assert given(running, files, tmp_path).status == 200
        assert running.events("gave credentials")[0]["uid"] == str(os.getuid())
        with pytest.raises((OSError, http.client.HTTPException)):
            running.ask("GET", "/healthz")
        env = {"XDG_RUNTIME_DIR": str(tmp_path)}
        shown = run("env", "--format", "systemd", "--wait", "20", env=env)
        assert shown.code == 0, shown
        assert f"FULL_URI=https://127.0.0.1:{running.port}/credentials/default\n" in shown.out
        # The probe does not verify the certificate.
        healthy = run("health", "--port", running.port)
        assert healthy.code == 0 and f"https://127.0.0.1:{running.port}" in healthy.out, healthy
        doctor = run("doctor", *identity.flags, *ARNS, "--endpoint", emulator.url,
                     env={"ROLECALL_PORT": str(running.port), "HOME": str(tmp_path)}, prefix=ALONE)
        assert "has valid credentials" in doctor.out, doctor


def test_other_machines(identity, emulator, files, tmp_path):
    """On all addresses; who asks is known as without TLS."""
    with Serve(tmp_path, *files.flags, "--address", "0.0.0.0", "--allow-remote", "--allow-uid",
               os.getuid(), server=emulator, flags=identity.flags) as running:
        assert running.events("other machines can connect")
        assert given(running, files, tmp_path).status == 200
        assert running.events("gave credentials")[0]["uid"] == str(os.getuid())


@as_root
def test_other_users(identity, emulator, files, tmp_path):
    with Serve(tmp_path, *files.flags, "--allow-uid", "20001", server=emulator,
               flags=identity.flags) as running:
        assert given(running, files, tmp_path).status == 403
        done = run("-sSk", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT",
                   running.url + "/latest/api/token", binary="curl", prefix=become(20001))
        assert done.out == "200", done


def test_the_url_has_a_name_of_the_certificate(identity, emulator, tmp_path):
    for number, (hosts, flags, host) in enumerate((
            (("127.0.0.1", "localhost"), [], "127.0.0.1"), (("localhost",), [], "localhost"),
            (("app.internal",), ["--allow-host", "other", "--allow-host", "app.internal"],
             "app.internal"),
            (("*.apps.internal",), ["--allow-host", "app.apps.internal"], "app.apps.internal"),
            (("other.internal",), ["--allow-host", "app.internal"], None))):
        directory = tmp_path / str(number)
        directory.mkdir()
        files = Files(directory, hosts=hosts)
        with Serve(directory, *files.flags, *flags, server=emulator, flags=identity.flags) as running:
            warned = [e for e in running.events() if "SDKs will refuse it" in e["event"]]
            assert bool(warned) == (host is None)
            assert running.url == f"https://{host or '127.0.0.1'}:{running.port}"


def test_new_files(identity, emulator, files, tmp_path):
    """The old certificate stays until both files are there; open connections stay open."""
    with Serve(tmp_path, *files.flags, server=emulator, flags=identity.flags) as running:
        first = files.server.certificate.serial_number
        assert files.serial(running) == first
        kept = files.connection(running)
        assert ask(running.port, "GET", "/healthz", connection=kept).status == 200
        new = files.write("new", key_kind="p384")
        shutil.move(tmp_path / "new.pem", tmp_path / "tls.pem")
        eventually(lambda: [e for e in running.events() if "old ones stay in use" in e["event"]])
        assert files.serial(running) == first
        shutil.move(tmp_path / "new.key", tmp_path / "tls.key")
        eventually(lambda: running.events("uses a new TLS certificate"))
        assert files.serial(running) == new.certificate.serial_number
        assert ask(running.port, "GET", "/healthz", connection=kept).status == 200
        kept.close()
        # Files that are gone, or are no PEM, change nothing.
        (tmp_path / "tls.key").unlink()
        eventually(lambda: len([e for e in running.events() if "old ones stay" in e["event"]]) == 2)
        (tmp_path / "tls.pem").write_text("nonsense\n")
        eventually(lambda: len([e for e in running.events() if "old ones stay" in e["event"]]) == 3)
        assert files.serial(running) == new.certificate.serial_number
        assert given(running, files, tmp_path).status == 200


def test_files_that_cannot_be_used(identity, files, tmp_path):
    start = ["serve", *identity.flags, *ARNS, "--port", "0", "--lazy"]
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    cert, key = files.flags[1], files.flags[3]
    assert_fails(run(*start, "--tls-cert", cert, env=env), 2, "--tls-cert and --tls-key")
    assert_fails(run(*start, "--tls-key", key, env=env), 2, "--tls-cert and --tls-key")
    assert_fails(run(*start, "--tls-cert", tmp_path / "none", "--tls-key", key, env=env), 2, "none")
    offline = ["--endpoint", "http://127.0.0.1:1"]
    assert_fails(run(*start, *offline, "--tls-cert", cert, "--tls-key", identity.key, env=env), 2,
                 "does not match")
    assert_fails(run(*start, *offline, "--tls-cert", key, "--tls-key", key, env=env), 2,
                 "no certificate")


def test_a_key_that_others_can_read(identity, emulator, files, tmp_path):
    (tmp_path / "tls.key").chmod(0o644)
    with Serve(tmp_path, *files.flags, server=emulator, flags=identity.flags) as running:
        assert "TLS key file" in running.err and "every user of this machine can read it" in running.err


def test_the_watchdog_asks_by_https(identity, emulator, files, tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(path))
        supervisor.settimeout(30)
        with Serve(tmp_path, *files.flags, server=emulator, flags=identity.flags,
                   env={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}):
            assert supervisor.recv(100) == b"READY=1"
            assert supervisor.recv(100) == b"WATCHDOG=1"
