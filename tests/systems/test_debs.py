"""The deb of dist/ (packaging/package), installed in each system without the network and removed again."""

import hashlib
import re
import shutil
import subprocess

import pytest
from places import DIST, NOW

UNITS = ("rolecall-serve.socket", "rolecall-serve.service", "rolecall-update.service")
OFFLINE = ("-o", "Acquire::http::Proxy=http://127.0.0.1:9")
PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
in_each_system = pytest.mark.parametrize("place", NOW, indirect=True, scope="session")


def package(pattern):
    found = list(DIST.glob(pattern))
    if not found:
        pytest.skip(f"there is no dist/{pattern}: packaging/package makes it")
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(name="installed")
def installed_deb(place):
    """As apt installs it, with what the system has."""
    shutil.copy(package("rolecall_*_amd64.deb"), place.root / "tmp/rolecall.deb")
    place.in_system("apt-get", "-q", "-y", *OFFLINE, "--no-install-recommends", "install",
                    "/tmp/rolecall.deb")
    yield place
    place.in_system("apt-get", "-q", "-y", *OFFLINE, "purge", "rolecall")
    assert not (place.root / "usr/bin/rolecall").exists()
    assert not [unit for unit in UNITS if (place.root / "usr/lib/systemd/system" / unit).exists()]


@in_each_system
def test_deb(installed):
    for name in ("rolecall", "aws_signing_helper"):
        said = installed.in_system(name, "version", user=1000).stdout
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", said), said
    assert installed.in_system("dpkg", "--verify", "rolecall").stdout == ""


@pytest.mark.parametrize("processor", PROCESSORS)
def test_packages_contain_the_program(processor, tmp_path):
    program = DIST / f"{processor}-linux-gnu" / "rolecall"
    deb = package(f"rolecall_*_{PROCESSORS[processor]}.deb")
    subprocess.run(["dpkg-deb", "--extract", deb, tmp_path], check=True)
    assert (tmp_path / "usr/bin/rolecall").read_bytes() == program.read_bytes()
    listed = subprocess.run(["rpm", "-qp", "--dump", package(f"rolecall-*.{processor}.rpm")], check=True,
                            text=True, capture_output=True).stdout
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    assert re.search(rf"^/usr/bin/rolecall \d+ \d+ {digest} ", listed, re.M), listed
