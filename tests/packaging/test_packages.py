"""The packages of dist/ (packaging/package), installed, used by a user and removed, each in a Debian
12 that has nothing but its base system. Takes root, and debootstrap the first time.

The base system is kept in build/debootstrap/, with the Debian packages that ours may ask for: so a
second run needs no network, and what the package does not name is not there.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.process import ARNS  # noqa: E402

BASE = ROOT / "build" / "debootstrap" / "bookworm.tar"
NEEDED = ["libp11-kit0", "ca-certificates"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive"}
# What the package managers and their tools write for themselves.
NOT_OURS = re.compile(r"var/(lib/(dpkg|apt|rpm)|cache/(apt|debconf|ldconfig|man)|log)(/|$)|proc/"
                      r"|etc/ld\.so\.cache$|home(/|$)|root/|usr/lib/sysimage(/|$)|tmp/")


def host(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, timeout=900,
                          capture_output=True, env=ENVIRONMENT, **options)


class Chroot:
    def __init__(self, root):
        self.root = root

    def run(self, *command, user=0, check=True):
        done = subprocess.run(["chroot", f"--userspec={user}:{user}", self.root, *command], text=True,
                              capture_output=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
                              env=ENVIRONMENT | ({"HOME": "/home/user"} if user else {}))
        if check:
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def apt_get(self, *arguments, offline=True):
        """Offline it has a proxy that is none: what is needed must be there."""
        options = ["-o", "Acquire::http::Proxy=http://127.0.0.1:9"] if offline else []
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", *options, *arguments).stdout

    def files(self):
        """Each with its kind, mode and owner, and a link with its target."""
        listing = host("find", self.root, "-xdev", "-mindepth", "1",
                       "-printf", r"%P\t%y%m %U:%G %l\n").stdout
        return {line for line in listing.splitlines() if not NOT_OURS.match(line.split("\t")[0])}

    @contextlib.contextmanager
    def emulator(self):
        process = subprocess.Popen(
            ["chroot", "--userspec=1000:1000", self.root, "rolecall", "emulate", "--trust-anchor",
             "/home/user/pki/root.pem"], env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)
        try:
            yield process.stdout.readline().removeprefix("listening on ").strip()
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session", name="base")
def base_system():
    assert os.geteuid() == 0, "a chroot takes root"
    if not BASE.exists():
        BASE.parent.mkdir(parents=True, exist_ok=True)
        root = BASE.with_suffix(".new")
        host("rm", "-rf", root)
        host("debootstrap", "--variant=minbase", "--include=man-db", "bookworm", root)
        Chroot(root).apt_get("--download-only", "install", *NEEDED, offline=False)
        host("tar", "-C", root, "-cf", f"{BASE}.new", ".")
        os.rename(f"{BASE}.new", BASE)
        host("rm", "-rf", root)
    return BASE


@pytest.fixture(name="chroot")
def fresh_chroot(base, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    host("tar", "-C", root, "-xpf", base)
    host("mount", "-t", "proc", "proc", root / "proc")
    try:
        (root / "home" / "user").mkdir()
        host(ROOT / "certs-example" / "make", root / "home" / "user" / "pki")
        host("chown", "-R", "1000:1000", root / "home" / "user")
        yield Chroot(root)
    finally:
        host("umount", root / "proc")
        host("rm", "-rf", root)


def package(pattern):
    found = list((ROOT / "dist").glob(pattern))
    assert len(found) == 1, f"packaging/package makes one {pattern} in dist/: {found}"
    return found[0]


def assert_works(chroot):
    """By its documentation, and as its user would use it."""
    for name in ("rolecall", "aws_signing_helper"):
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", chroot.run(name, "version", user=1000).stdout)
        assert "temporary AWS credentials" in chroot.run("man", name, user=1000).stdout
    assert "rolecall-serve (1)" in chroot.run("man", "-k", "rolecall-serve").stdout
    assert (chroot.root / "usr/lib/systemd/system/rolecall-serve.socket").is_file()
    assert not (chroot.root / "usr/include/rolecall").exists()
    documents = chroot.root / "usr/share/doc/rolecall"
    readme = (documents / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\((docs/(?:guide/\w+|glossary|threat-model)\.md)\)", readme)
    assert "docs/guide/migrate.md" in links and "docs/guide/clients.md" in links
    for link in links:
        assert (documents / link).is_file(), link
    share = chroot.root / "usr/share"
    for name in ("rolecall", "aws_signing_helper"):
        assert (share / "bash-completion/completions" / name).is_file()
        assert (share / "fish/vendor_completions.d" / f"{name}.fish").is_file()
    with chroot.emulator() as endpoint:
        pki = "/home/user/pki"
        done = chroot.run("aws_signing_helper", "credential-process", "--endpoint", endpoint,
                          "--certificate", f"{pki}/p256.pem", "--private-key", f"{pki}/p256.key",
                          "--intermediates", f"{pki}/intermediate.pem", *ARNS, user=1000)
    assert json.loads(done.stdout)["SecretAccessKey"] and done.stderr == ""


def test_deb(chroot):
    before = chroot.files()
    host("cp", package("rolecall_*.deb"), chroot.root / "tmp" / "rolecall.deb")
    chroot.apt_get("install", "/tmp/rolecall.deb")
    chroot.run("mandb", "-q")
    assert_works(chroot)
    assert chroot.run("dpkg", "--verify", "rolecall").stdout == ""
    chroot.apt_get("--reinstall", "install", "/tmp/rolecall.deb")
    (chroot.root / "etc/rolecall").mkdir()
    chroot.run("mkdir", "-p", "/var/lib/private/rolecall-update")
    chroot.apt_get("remove", "rolecall")
    assert not (chroot.root / "usr/bin/rolecall").exists()
    assert (chroot.root / "var/lib/private/rolecall-update").is_dir()
    chroot.apt_get("purge", "rolecall")
    assert chroot.run("dpkg-query", "-W", "rolecall", check=False).returncode == 1
    # The administrator's folder stays, which is taken away here, and all else goes.
    (chroot.root / "etc/rolecall").rmdir()
    (chroot.root / "var/lib/private").rmdir()
    chroot.apt_get("purge", "--autoremove")
    assert sorted(chroot.files() ^ before) == []


def test_rpm(chroot):
    """On Debian, with Debian's rpm: its database knows nothing of Debian's packages, so that what
    the package asks for is looked up here. No system of rpms can be had."""
    chroot.apt_get("install", *NEEDED)
    before = chroot.files()
    file = package("rolecall-*.rpm")
    required = host("rpm", "-qp", "--requires", file).stdout
    assert set(re.findall(r"^(lib\S+?)\(", required, re.MULTILINE)) == {"libc.so.6"}
    host("rpm", f"--root={chroot.root}", "--nodeps", "-i", file)
    assert host("rpm", f"--root={chroot.root}", "--nodeps", "-V", "rolecall").stdout == ""
    chroot.run("mandb", "-q")
    assert_works(chroot)
    assert (chroot.root / "usr/share/licenses/rolecall/LICENSE").is_file()
    host("rpm", f"--root={chroot.root}", "--nodeps", "-e", "rolecall")
    # Folders that rpm expects to be another package's.
    left = {line.split("\t")[0] for line in chroot.files() ^ before}
    assert {path for path in left if not (chroot.root / path).is_dir()} == set()


@pytest.mark.parametrize("pattern", ["rolecall_*.deb", "rolecall-*.rpm"])
def test_sbom(pattern):
    file = package(pattern)
    sbom = json.loads(file.with_name(file.name + ".spdx.json").read_text(encoding="utf-8"))
    assert sbom["spdxVersion"] == "SPDX-2.3"
    digest = host("sha256sum", file).stdout.split()[0]
    assert sbom["packages"][0]["checksums"][0]["checksumValue"] == digest
    ids = [part["SPDXID"] for part in sbom["packages"]]
    assert len(set(ids)) == len(ids)
    linked = {r["relatedSpdxElement"] for r in sbom["relationships"]
              if r["relationshipType"] == "STATIC_LINK"}
    inside = {part["name"] for part in sbom["packages"] if part["SPDXID"] in linked}
    assert inside >= {"openssl", "curl", "nghttp2", "libmicrohttpd", "zig", "nlohmann-json3"}
    versions = {part["name"]: part["versionInfo"] for part in sbom["packages"]}
    assert versions["nlohmann-json3"] == host(
        "dpkg-query", "-W", "-f", "${source:Version}", "nlohmann-json3-dev").stdout
    related = {r["relatedSpdxElement"] for r in sbom["relationships"]}
    assert related == set(ids)
    assert ("libc6" if pattern.endswith("deb") else "libc.so.6") in versions


def test_lintian():
    """Its errors and warnings; the rest is left to people."""
    done = host("lintian", "--allow-root", "--fail-on", "error,warning", package("rolecall_*.deb"))
    assert done.stdout == "", done.stdout
