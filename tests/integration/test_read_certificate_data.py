"""read-certificate-data as programs read it, byte for byte."""

import base64
import json
import subprocess

import pytest
from support import pki
from support.diagnostics import EC, RSA, as_pem, expected_data, facts, read
from support.process import BINARY, assert_fails, environment, run


@pytest.mark.parametrize("kind", RSA + EC)
def test_certificate_data(tmp_path, kind):
    leaf = pki.make("leaf", key_kind=kind)
    path = pki.write(tmp_path, "leaf.pem", pki.pem(leaf))
    wanted = expected_data(leaf, "RSA" if kind in RSA else "EC")
    for more in ([], ["--format", "json"], ["--format", "text", "--format", "json"]):
        assert read(path, *more) == wanted


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 256, 2**63, 2**64, 2**159 - 1])
def test_serials(tmp_path, serial):
    leaf = pki.make("leaf", serial=serial)
    path = pki.write(tmp_path, "leaf.pem", pki.pem(leaf))
    assert json.loads(read(path))["serialNumber"] == str(serial)
    digits = f"{serial:X}"
    digits = digits if len(digits) % 2 == 0 else "0" + digits
    assert facts(path)["Serial"] == [f"{serial} (hex {digits})"]


def test_a_negative_serial(tmp_path):
    """RFC 5280 forbids them, and CAs have issued them all the same."""
    der = bytearray(pki.der(pki.make("leaf", serial=2**151 + 1)))
    number = (2**151 + 1).to_bytes(20, "big")
    at = der.index(number)
    der[at:at + 20] = b"\xff" + bytes(18) + b"\x05"
    path = pki.write(tmp_path, "leaf.pem", as_pem(bytes(der)))
    serial = int.from_bytes(b"\xff" + bytes(18) + b"\x05", "big", signed=True)
    assert serial < 0
    data = json.loads(read(path))
    assert data["serialNumber"] == str(serial)
    assert base64.b64decode(data["certificateData"]) == der
    assert facts(path)["Serial"] == [f"{serial} (hex -{-serial:X})"]


def test_of_several_the_first(tmp_path, identity):
    chain = [identity.leaf, identity.intermediate, identity.root]
    for first in range(3):
        order = chain[first:] + chain[:first]
        text = b"a comment\n" + pki.key_pem(identity.leaf.key) + pki.pem(*order)
        path = pki.write(tmp_path, "chain.pem", text)
        assert read(path) == expected_data(order[0], "EC")


@pytest.mark.parametrize("kind,name", [("ed25519", "ED25519"), ("dsa", "DSA")])
def test_keys_of_other_kinds(tmp_path, identity, kind, name):
    leaf = identity.intermediate.issue("leaf", key_kind=kind)
    path = pki.write(tmp_path, "leaf.pem", pki.pem(leaf))
    result = run("read-certificate-data", "--certificate", path)
    assert_fails(result, 2, f"{name}, not RSA, EC or ML-DSA", hint="--format text")
    shown = facts(path)
    assert shown["Key"] == [name]
    assert shown["Fails"] == [f"the key of CN=leaf is of the kind {name}, not RSA, EC or ML-DSA"]


@pytest.mark.parametrize("content,pattern", [
    (b"", "is empty"), (b"nothing", "PEM"), (b"\x30\x82\x01\x00\x02", "DER|binary|PEM"),
    (pki.key_pem(pki.key("p256")), "contains no certificate"),
    (as_pem(b"\x30\x03\x02\x01\x01"), "damaged certificate"),
    (b"-----BEGIN CERTIFICATE-----\nMII", "damaged|PEM|END")])
@pytest.mark.parametrize("form", ["json", "text"])
def test_files_that_hold_none(tmp_path, content, pattern, form):
    path = pki.write(tmp_path, "bad.pem", content)
    assert_fails(run("read-certificate-data", "--certificate", path, "--format", form), 2, pattern)


def test_certificate_on_standard_input(tmp_path, identity):
    with open(identity.certificate, "rb") as certificate:
        done = subprocess.run([BINARY, "read-certificate-data", "--certificate", "-"],
                              stdin=certificate, env=environment(), capture_output=True,
                              check=True)
    assert done.stdout == read(identity.certificate)


def test_wrong_flags_of_read_certificate_data(identity, tmp_path):
    def fails(*flags, **expected):
        return assert_fails(run("read-certificate-data", *flags), 2, **expected)

    fails(pattern="missing: --certificate", hint="--help")
    fails("--certificate", tmp_path / "none.pem", pattern="No such file", hint="path")
    fails("--certificate", identity.certificate, "--format", "bin", pattern="json or text")
    fails("--certificate", identity.certificate, "--format", "JSON", pattern="json or text")
    fails("--certificate", identity.certificate, "extra", pattern="unexpected argument",
          hint="quotes")
    fails("--certificate", identity.certificate, "--reuse-pin", pattern="unknown option")
    for idle in (["--pkcs11-lib", "/x.so"], ["--system-store-name", "MY"]):
        fails(*idle, pattern="missing: --certificate")
        assert read(identity.certificate, *idle) == read(identity.certificate)
    fails("--certificate", identity.certificate, "--cert-selector", "Key=x509Subject,Value=CN=a",
          pattern="cannot be used together")
