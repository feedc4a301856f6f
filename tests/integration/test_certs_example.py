"""certs-example/make, and that each file behaves as its name says."""

import os
import pathlib
import stat
import subprocess
import time

import pytest
from support import ml_dsa
from support.process import Emulator, assert_credentials, assert_fails, environment, session

MAKE = pathlib.Path(__file__).resolve().parents[2] / "certs-example" / "make"
KEYLESS = {"crl", "rsa2048-chain"}
NAMES = {"root", "intermediate", "rsa2048", "rsa2048-chain", "p256", "expired", "not-yet-valid",
         "no-digital-signature", "sha1", "ca-true", "other-root", "other-ca", "revoked", "crl",
         "localhost"}

if b"ML-DSA-65" in subprocess.run(["openssl", "list", "-public-key-algorithms"], env=environment(),
                                  capture_output=True, check=True).stdout:
    NAMES.add("mldsa65")


def make(*arguments, **options):
    return subprocess.run([MAKE, *map(str, arguments)], env=environment(), text=True, timeout=60,
                          capture_output=True, check=False, **options)


@pytest.fixture(scope="module", name="example")
def example_directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("example") / "with a space"
    begin = time.monotonic()
    # With a mask that would let everybody read.
    done = make(directory, umask=0)
    assert done.returncode == 0 and done.stderr == "", done
    assert time.monotonic() - begin < 20
    assert done.stdout.count("\n") == 1 and str(directory) in done.stdout, done
    return directory


@pytest.fixture(scope="module")
def emulator(example):
    with Emulator(example / "root.pem", "--crl", example / "crl.pem") as running:
        yield running


def flags(example, name, chain=True):
    key = name.removesuffix("-chain")
    result = ["--certificate", example / f"{name}.pem", "--private-key", example / f"{key}.key"]
    return result + (["--intermediates", example / "intermediate.pem"] if chain else [])


def test_files_and_modes(example):
    expected = {f"{name}.pem" for name in NAMES} | {f"{name}.key" for name in NAMES - KEYLESS}
    assert {path.name for path in example.iterdir()} == expected
    for path in example.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(example.stat().st_mode) == 0o700


@pytest.mark.parametrize("name,chain", [
    ("rsa2048", True), ("p256", True), ("rsa2048-chain", False)])
def test_good_ones(example, emulator, name, chain):
    result = session(emulator, flags(example, name, chain))
    assert_credentials(result)
    assert result.err == "", result


@pytest.mark.skipif("mldsa65" not in NAMES, reason="the openssl program is older than 3.5")
@pytest.mark.skipif(bool(ml_dsa.why_not()), reason=ml_dsa.why_not())
def test_ml_dsa(example, emulator):
    result = session(emulator, flags(example, "mldsa65"))
    assert_credentials(result)
    assert result.err == "", result


@pytest.mark.parametrize("name,code,pattern", [
    ("expired", 1, "expired"),
    ("not-yet-valid", 1, "not (yet )?valid|valid yet"),
    ("no-digital-signature", 1, "digitalSignature"),
    ("sha1", 1, "SHA-?1"),
    ("ca-true", 1, "CA:TRUE|basicConstraints"),
    ("other-ca", 1, "Untrusted"),
    ("revoked", 1, "revoked|CRL"),
])
def test_bad_ones(example, emulator, name, code, pattern):
    result = session(emulator, flags(example, name, chain=name != "other-ca"))
    assert_fails(result, code, pattern)


def test_each_bad_one_is_bad_for_its_own_reason_alone(example):
    """The revoked one works without the CRL, other-ca's with its own root."""
    with Emulator(example / "root.pem") as without_crl:
        assert_credentials(session(without_crl, flags(example, "revoked")))
    with Emulator(example / "other-root.pem") as other:
        assert_credentials(session(other, flags(example, "other-ca", chain=False)))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_tls(example, host):
    address = {"[::1]": ["--address", "::1"]}.get(host, [])
    with Emulator(example / "root.pem", "--tls-cert", example / "localhost.pem",
                  "--tls-key", example / "localhost.key", *address) as emulator:
        url = f"https://{host}:{emulator.port}"
        assert_credentials(session(url, [*flags(example, "p256"),
                                         "--ca-bundle", example / "root.pem"]))
        assert_fails(session(url, flags(example, "p256")), 1, "verif")


def test_a_second_run_replaces_all(example, tmp_path):
    directory = tmp_path / "pki"
    assert make(directory).returncode == 0
    (directory / "mine.txt").write_text("kept")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert make(directory).returncode == 0
    after = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == ["mine.txt"]


def test_from_another_directory_with_a_relative_path(tmp_path):
    assert make("here/pki", cwd=tmp_path).returncode == 0
    assert (tmp_path / "here" / "pki" / "root.key").exists()


@pytest.mark.parametrize("arguments", [["a", "b"], ["--help"]])
def test_wrong_arguments(tmp_path, arguments):
    done = make(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and "usage" in done.stderr and done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    done = make(tmp_path / "file" / "pki")
    assert done.returncode != 0 and done.stderr


def test_the_default_directory_is_not_for_git():
    root = MAKE.parents[1]
    if not (root / ".git").exists():
        pytest.skip("not a clone")
    for name in ("pki/root.pem", "pki/root.key", "pki/.new.x/y.csr"):
        done = subprocess.run(["git", "check-ignore", "-q", os.path.join("certs-example", name)],
                              cwd=root, check=False)
        assert done.returncode == 0, name
