"""What the tests of scripts/release-check share."""

import os
import pathlib
import platform
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import pki  # noqa: E402
from support.process import Emulator  # noqa: E402
from places import PLACES, Roots, Runner  # noqa: E402

NAME = "endpoint.test"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
NOTES = []


def pytest_collection_modifyitems(items):
    """All tests of a place together, in the order of PLACES."""
    order = list(PLACES)

    def position(item):
        place = getattr(item, "callspec", None) and item.callspec.params.get("place")
        return order.index(place) if place in order else -1
    items.sort(key=position)


def pytest_generate_tests(metafunc):
    named = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "place" in metafunc.fixturenames and "place" not in named:
        metafunc.parametrize("place", PLACES, indirect=True, scope="session")


def pytest_terminal_summary(terminalreporter):
    if NOTES:
        terminalreporter.section("what was seen")
        for note in NOTES:
            terminalreporter.write_line(note)


@pytest.fixture(scope="session", autouse=True)
def needs_of_all():
    if os.geteuid() != 0:
        pytest.skip("a chroot takes root")
    if platform.machine() != "x86_64":
        pytest.skip("the systems are those of x86-64")


@pytest.fixture(name="note")
def note_function():
    """Says in the summary what was seen, where it differs between systems."""
    return NOTES.append


class Pki:
    """A leaf of each kind, and the root, which is also that of the TLS server."""

    def __init__(self):
        self.root = pki.root()
        self.intermediate = self.root.issue("Test Intermediate", ca=True)
        self.leaves = {kind: self.intermediate.issue(f"leaf {kind}", key_kind=kind)
                       for kind in ("p256", "rsa2048")}

    def put_into(self, root):
        """The identity, and the server's name."""
        folder = root / "pki"
        if folder.exists():
            return
        folder.mkdir()
        for kind, leaf in self.leaves.items():
            pki.write(folder, f"{kind}.pem", pki.pem(leaf, *leaf.chain))
            pki.write(folder, f"{kind}.key", pki.key_pem(leaf.key))
        pki.write(folder, "locked.key", pki.key_pem(self.leaves["p256"].key, password=b"geheim"))
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost {NAME}\n")

    def trust_in(self, runner):
        """As the system's administrator does; else in a file where rolecall looks. Once, as it takes long."""
        bundle = runner.root / BUNDLE
        if bundle.exists() and pki.pem(self.root) in bundle.read_bytes():
            return
        if (runner.root / "usr/sbin/update-ca-certificates").exists():
            ours = runner.root / "usr/local/share/ca-certificates/test.crt"
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.write_bytes(pki.pem(self.root))
            runner.in_system("update-ca-certificates")
            assert pki.pem(self.root) in bundle.read_bytes()
        else:
            bundle.parent.mkdir(parents=True, exist_ok=True)
            bundle.write_bytes(pki.pem(self.root))


@pytest.fixture(scope="session", name="files")
def pki_files():
    return Pki()


@pytest.fixture(scope="session", name="server")
def tls_emulator(files, tmp_path_factory):
    directory = tmp_path_factory.mktemp("server")
    tls = pki.tls_server(files.root, hosts=(NAME, "127.0.0.1"))
    anchor = pki.write(directory, "root.pem", pki.pem(files.root))
    with Emulator(anchor, "--tls-cert", pki.write(directory, "tls.pem", pki.pem(tls)),
                  "--tls-key", pki.write(directory, "tls.key", pki.key_pem(tls.key))) as running:
        running.named_url = f"https://{NAME}:{running.port}"
        yield running


@pytest.fixture(scope="session", name="roots")
def unpacked_systems():
    with Roots() as roots:
        yield roots


@pytest.fixture(scope="session", name="place")
def place_of_a_test(request, roots, files):
    place = PLACES[request.param]
    if missing := place.missing():
        pytest.skip(missing)
    runner = Runner(place, roots.of(place), files)
    files.trust_in(runner)
    return runner
