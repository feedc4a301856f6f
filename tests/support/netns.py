"""Network namespaces of their own, for tests that root runs."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import time

import pytest
from support.process import environment
from support.users import become


def _why_not():
    if os.geteuid() != 0:
        return "takes root, to make a network namespace"
    if shutil.which("ip") is None:
        return "ip (iproute2) is not installed"
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return None if probe.returncode == 0 else f"no network namespaces here: {probe.stderr.strip()}"


needed = pytest.mark.skipif(_why_not() is not None, reason=str(_why_not()))


@dataclasses.dataclass
class User:
    prefix: list


class Namespace:
    """One that lives as long as a process in it; `prefix` are the words that start a command there."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        path = pathlib.Path(f"/proc/{self.process.pid}/ns/net")
        end = time.monotonic() + 20
        while os.readlink(path) == os.readlink("/proc/self/ns/net"):
            assert time.monotonic() < end, "unshare made no network namespace"
            time.sleep(0.01)
        self.prefix = ["nsenter", f"--net={path}", "--"]
        self.address = None
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        subprocess.run([*self.prefix, "ip", *words], check=True, capture_output=True, text=True)

    def add_to_lo(self, address):
        if ":" in address:  # at once, and not after the search for duplicates
            self.ip("address", "add", address + "/128", "dev", "lo", "nodad")
        else:
            self.ip("address", "add", address + "/32", "dev", "lo")

    def as_user(self, user):
        """The same namespace, for commands of another user."""
        return User([*self.prefix, *become(user)])

    def end(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def single():
    namespace = Namespace()
    try:
        yield namespace
    finally:
        namespace.end()


@contextlib.contextmanager
def pair():
    """Two that are neighbours on one link, with an address each."""
    with single() as one, single() as other:
        one.ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns",
               str(other.process.pid))
        for namespace, address in ((one, "192.0.2.1"), (other, "192.0.2.2")):
            namespace.address = address
            namespace.ip("address", "add", f"{address}/24", "dev", "veth0")
            namespace.ip("link", "set", "veth0", "up")
        yield one, other


def ask(namespace, address, path, port=80, method="GET", headers=()):
    """(status, body) of a request from there, or None if there is no connection."""
    words = [word for header in headers for word in ("-H", header)]
    url = f"http://[{address}]" if ":" in address else f"http://{address}"
    done = subprocess.run([*namespace.prefix, "curl", "-sS", "-m", "5", "-X", method, *words, "-w",
                           "\\n%{http_code}", f"{url}:{port}{path}"], env=environment(),
                          capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        return None
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), body
