"""Certificates and keys that are replaced while serve runs."""

import fcntl
import os
import pty
import select
import shutil
import signal
import termios

import pytest
from support import pki
from support.process import Emulator
from support.serve import CREDENTIALS, RotatingHost, Serve, eventually

LIFETIME = 6


class Host(RotatingHost):
    """A directory with leaf.pem and leaf.key, an emulator that logs serials, and serve."""

    def __init__(self, identity, tmp_path):
        self.identity, self.directory = identity, tmp_path
        self.flags = self.write(identity.intermediate.issue("first", serial=1001))

    def write(self, leaf, names=("leaf.pem", "leaf.key")):
        content = {"leaf.pem": pki.pem(leaf, *leaf.chain), "leaf.key": pki.key_pem(leaf.key)}
        for name in names:
            pki.write(self.directory, name + ".new", content[name])
            os.rename(self.directory / (name + ".new"), self.directory / name)
        return ["--certificate", self.directory / "leaf.pem",
                "--private-key", self.directory / "leaf.key"]

    def __enter__(self):
        self.emulator = Emulator(self.identity.root_file, "--session-duration-max", LIFETIME,
                                 "--log").__enter__()
        self.serve = Serve(self.directory, server=self.emulator, flags=self.flags).__enter__()
        return self

    def __exit__(self, *error):
        self.serve.__exit__(*error)
        self.emulator.__exit__(*error)

    def renew(self):
        before = self.renewals()
        self.serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.renewals() > before)


@pytest.fixture(name="host")
def host_with_serve(identity, tmp_path):
    with Host(identity, tmp_path) as running:
        yield running


def other(identity, name="second"):
    return identity.intermediate.issue(name, private_key=pki.key("p256", name))


def test_a_new_pair_is_taken(host, identity):
    host.write(other(identity))
    host.always_valid(lambda: host.subject() == "CN=second")
    assert host.serve.events("read a new certificate and its key")[-1]["subject"] == "CN=second"


@pytest.mark.parametrize("order", [("leaf.pem", "leaf.key"), ("leaf.key", "leaf.pem")])
def test_half_a_pair_is_not(host, identity, order):
    second = other(identity)
    host.write(second, order[:1])
    said = "the certificate and its key cannot be used; rolecall continues with the previous ones"
    eventually(lambda: host.serve.events(said))
    renewals = host.renewals()
    host.always_valid(lambda: host.renewals() >= renewals + 2)
    assert host.subject() == "CN=first"
    assert "does not match" in host.serve.events(said)[-1]["reason"]
    assert host.serve.metric("rolecall_certificate_rejected") == 1
    host.write(second, order[1:])
    host.always_valid(lambda: host.subject() == "CN=second")
    assert host.serve.metric("rolecall_certificate_rejected") == 0


@pytest.mark.parametrize("name", ["leaf.pem", "leaf.key"])
def test_a_file_that_is_gone(host, identity, name):
    (host.directory / name).unlink()
    renewals = host.renewals()
    host.always_valid(lambda: host.renewals() >= renewals + 2)
    host.write(other(identity))
    host.always_valid(lambda: host.subject() == "CN=second")


def test_a_file_that_is_half_written(host, identity):
    second = other(identity)
    whole = pki.pem(second, *second.chain)
    host.write(second, ("leaf.key",))
    for end in (0, 1, 100, len(whole) // 2, len(whole) - 30):
        (host.directory / "leaf.pem").write_bytes(whole[:end])
        host.renew()
        assert host.serve.get(CREDENTIALS).status == 200
    (host.directory / "leaf.pem").write_bytes(whole)
    host.always_valid(lambda: host.subject() == "CN=second")


def test_a_certificate_that_the_service_refuses(host, tmp_path):
    foreign = pki.root("Other Root").issue("foreign", private_key=pki.key("p256", "foreign"))
    host.write(foreign)
    said = "the service refused the new certificate; rolecall continues with the previous one"
    host.always_valid(lambda: host.serve.events(said))
    renewals = host.renewals()
    host.always_valid(lambda: host.renewals() >= renewals + 1)
    assert host.subject() == "CN=first"
    assert "Untrusted" in host.serve.events(said)[-1]["reason"]
    assert host.serve.metric("rolecall_certificate_rejected") == 1


def test_an_expired_certificate(host, identity):
    expired = identity.intermediate.issue("expired", private_key=pki.key("p256", "expired"),
                                          not_after=pki.NOW - pki.DAY / 2)
    host.write(expired)
    renewals = host.renewals()
    host.always_valid(lambda: host.renewals() >= renewals + 2)
    assert host.subject() == "CN=first"


def test_an_atomic_symlink(identity, tmp_path):
    """As Kubernetes mounts secrets: files point into ..data, which points to a directory."""
    def revision(number, leaf):
        directory = tmp_path / f"..{number}"
        directory.mkdir()
        pki.write(directory, "tls.crt", pki.pem(leaf, *leaf.chain))
        pki.write(directory, "tls.key", pki.key_pem(leaf.key))
        os.symlink(directory.name, tmp_path / "..data_tmp")
        os.rename(tmp_path / "..data_tmp", tmp_path / "..data")
        return directory
    old = revision(1, identity.intermediate.issue("pod 1"))
    for name in ("tls.crt", "tls.key"):
        os.symlink(f"..data/{name}", tmp_path / name)
    host = Host.__new__(Host)
    host.identity, host.directory = identity, tmp_path
    host.flags = ["--certificate", tmp_path / "tls.crt", "--private-key", tmp_path / "tls.key"]
    with host:
        for number in range(2, 5):
            new = revision(number, other(identity, f"pod {number}"))
            shutil.rmtree(old)
            old = new
            host.always_valid(lambda n=number: host.subject() == f"CN=pod {n}")
        assert not host.serve.events("renewal failed")


def test_a_certificate_that_ends_soon_is_warned_of(identity, tmp_path):
    with Emulator(identity.root_file) as emulator:
        leaf = identity.intermediate.issue("short", not_after=pki.NOW + pki.DAY / 48)
        with Serve(tmp_path, server=emulator, flags=pki.write_identity(tmp_path, leaf)) as serve:
            ends = eventually(lambda: serve.events("a certificate expires before the credentials"))
            assert ends[0]["subject"] == "CN=short" and ends[0]["certificate"] == "leaf", ends
            assert 0 < serve.metric(
                'rolecall_certificate_expiry_seconds{binding="default",certificate="leaf"') < 1800


def test_a_password_is_typed_once(identity, tmp_path):
    """At the start, on the terminal. A new key has the same one, or is not taken."""
    def write(leaf, password):
        pki.write(tmp_path, "leaf.pem", pki.pem(leaf, *leaf.chain))
        pki.write(tmp_path, "leaf.key", pki.key_pem(leaf.key, password=password))
    write(identity.intermediate.issue("first"), b"typed once")
    flags = ["--certificate", tmp_path / "leaf.pem", "--private-key", tmp_path / "leaf.key"]
    terminal, other_end = pty.openpty()

    def prompts():
        return os.read(terminal, 1000) if select.select([terminal], [], [], 0)[0] else b""

    def take_terminal():
        fcntl.ioctl(other_end, termios.TIOCSCTTY, 0)
    with Emulator(identity.root_file) as emulator:
        serve = Serve(tmp_path, server=emulator, flags=flags, wait=False, start_new_session=True,
                      preexec_fn=take_terminal, pass_fds=[other_end])
        with serve:
            eventually(lambda: b"Password for" in prompts())
            os.write(terminal, b"typed once\n")
            serve.wait_until_it_listens()
            prompts()
            write(other(identity), b"typed once")
            eventually(lambda: serve.events("read a new certificate and its key"))
            write(other(identity, "third"), b"another")
            eventually(lambda: any("given at the start" in e.get("reason", "")
                                   for e in serve.events()))
            assert prompts() == b""
            assert serve.credentials()
    os.close(terminal)
    os.close(other_end)
