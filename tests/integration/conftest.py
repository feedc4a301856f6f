"""What all integration tests share. The program is $ROLECALL, else build/rolecall."""

import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import pki, pkcs11  # noqa: E402
from support.cache import Cached  # noqa: E402
from support.config import ARN_LINES, identity_lines, write_config  # noqa: E402
from support.home import Home  # noqa: E402
from support.passwords import Locked  # noqa: E402
from support.process import Emulator  # noqa: E402
from support.serve import Serve  # noqa: E402
from support.verifier import Verifier  # noqa: E402

# In the background or under nohup, signals such as SIGINT and SIGHUP are ignored, and each program that a
# test starts inherits that. A handler is not inherited: the program has the signal's default again.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


class Identity:
    """A leaf under one intermediate under a root, as files."""

    def __init__(self, directory):
        self.directory = directory
        self.root = pki.root()
        self.intermediate = self.root.issue("Test Intermediate", ca=True)
        self.leaf = self.intermediate.issue("test leaf")
        self.root_file = pki.write(directory, "root.pem", pki.pem(self.root))
        self.flags = pki.write_identity(directory, self.leaf)
        self.certificate, self.key = self.flags[1], self.flags[3]


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    return Identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="module")
def emulator(identity):
    with Emulator(identity.root_file) as running:
        yield running


@pytest.fixture(scope="module", name="silent")
def silent_server():
    """Nothing may ever connect to it."""
    with Verifier() as verifier:
        yield verifier
    assert verifier.connections == 0


@pytest.fixture(name="home")
def home_directory(tmp_path, identity, emulator):
    path = tmp_path / "home"
    path.mkdir()
    return Home(path, identity, emulator)


@pytest.fixture(name="cached")
def cached_runs(identity, tmp_path):
    with Cached(identity, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def complete(identity, emulator, tmp_path_factory):
    """A configuration file with which credential-process needs no flag."""
    return write_config(tmp_path_factory.mktemp("config"), identity_lines(identity) + ARN_LINES +
                        f'endpoint = "{emulator.url}"\n')


@pytest.fixture(scope="module", name="serve")
def running_serve(identity, emulator, tmp_path_factory):
    with Serve(tmp_path_factory.mktemp("serve"), server=emulator, flags=identity.flags) as running:
        yield running


@pytest.fixture(scope="module")
def hsm(identity, tmp_path_factory):
    return pkcs11.every_kind(identity, tmp_path_factory.mktemp("hsm"))


@pytest.fixture(scope="module")
def locked(identity, tmp_path_factory):
    return Locked(identity, tmp_path_factory.mktemp("locked"))
