"""What everyone needs, in every place."""

import json
import re
import subprocess

import pytest
from places import EMPTY, NOW, PLACES, PROGRAM
from support.process import ARNS, assert_credentials, assert_fails
from support.tinyproxy import Tinyproxy, tinyproxy
from support.updates import keys_in

X86_64 = [name for name, place in PLACES.items() if not place.arm64]


def test_version(place):
    lines = place.run("version", "--verbose").out.splitlines()
    said = dict(line.split(": ", 1) for line in lines if not line.startswith("source: "))
    system = place.place.system
    assert said["build"] == ("portable" if system else "static")
    assert said["C library"] == (f"glibc {system.libc}" if system else "musl")


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_credential_process(place, server, kind):
    result = place.ask(server, flags=place.kinds[kind])
    assert_credentials(result)
    assert result.err == "", result


def test_server_without_a_root(place, server):
    """So that the other tests show that the server is verified, by the roots of the system."""
    assert_fails(place.ask(server, "--ca-bundle", "/pki/p256.pem"), 1, "certificate", "CA")


def test_serve(place, server, tmp_path):
    """As an SDK asks: a token first."""
    with place.serve(tmp_path, server) as serve:
        assert serve.ask("GET", "/latest/meta-data/iam/security-credentials/").status == 401
        credentials = serve.credentials()
        assert credentials["AccessKeyId"].startswith("ASIA") and credentials["Token"]
        assert serve.ask("GET", "/healthz").status == 200


def test_update(place, server):
    home = place.home()
    result = place.run("update", "--once", *place.flags, *ARNS, "--endpoint", server.named_url)
    assert result.code == 0 and not result.err, result
    assert len(keys_in(home / ".aws/credentials")) == 3
    assert (home / ".aws/credentials").stat().st_mode & 0o777 == 0o600


def test_exec(place, server):
    """A program of the system, or a static one of this machine."""
    child = ["/usr/bin/env"] if place.place.name in NOW else ["/busybox", "env"]
    result = place.run("exec", *place.flags, *ARNS, "--endpoint", server.named_url, "--", *child)
    assert result.code == 0 and not result.err, result
    variables = dict(line.split("=", 1) for line in result.out.splitlines())
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert variables["AWS_SECRET_ACCESS_KEY"] and variables["AWS_SESSION_TOKEN"]


def test_exec_of_the_same_processor(place, server):
    child = [PROGRAM, "version"]
    if place.place.arm64:
        child.insert(0, "/qemu")  # else the kernel would need binfmt_misc
    result = place.run("exec", *place.flags, *ARNS, "--endpoint", server.named_url, "--", *child)
    assert result.code == 0 and re.fullmatch(r"\d+\.\d+\.\d+\n", result.out), result


def test_cache(place, server):
    place.home()
    first = assert_credentials(place.ask(server, "--cache"))
    again = place.ask(server, "--cache")
    assert assert_credentials(again) == first and again.err == "", again


def test_password_of_a_command(place, server):
    """A child whose output is read."""
    result = place.ask(server, "--password-source", "command:/busybox echo geheim",
                       flags=["--certificate", "/pki/p256.pem", "--private-key", "/pki/locked.key"])
    assert_credentials(result)


@tinyproxy
@pytest.mark.parametrize("place", [*NOW, *(name for name in EMPTY if name in X86_64)], indirect=True,
                         scope="session")
def test_proxy(place, server, tmp_path):
    """It gets an address, as it knows no name of the test."""
    with Tinyproxy(tmp_path, server.port) as proxy:
        result = place.run("credential-process", *place.flags, *ARNS, "--endpoint", server.url,
                           "--with-proxy", env={"HTTPS_PROXY": proxy.url})
        assert_credentials(result)
        assert proxy.connects() == 1


@pytest.mark.parametrize("flags,pattern", [
    (["--certificate", "pkcs11:token=app"], "p11-kit"),
    (["--certificate", "/pki/p256.pem", "--private-key", "handle:0x81000001"], "TPM.*tpm2"),
])
@pytest.mark.parametrize("place", EMPTY, indirect=True, scope="session")
def test_what_the_static_program_lacks(place, server, flags, pattern):
    assert_fails(place.ask(server, flags=flags), 2, pattern + ".*static", "deb or rpm package")


@pytest.mark.parametrize("target", sorted({place.target for place in PLACES.values()}))
def test_symbols(target):
    """Nothing above glibc 2.17, which is RHEL 7's."""
    programs = [place.program for place in PLACES.values() if place.target == target]
    if not programs[0].exists():
        pytest.skip(f"there is no dist/{target}/rolecall")
    said = subprocess.run(["objdump", "-T", programs[0]], check=False, text=True, capture_output=True)
    versions = {tuple(map(int, version.split(".")))
                for version in re.findall(r"GLIBC_([0-9.]+)", said.stdout)}
    assert (max(versions) <= (2, 17)) if target.endswith("gnu") else not versions
