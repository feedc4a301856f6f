"""PKCS#12 files with several keys, as Java's keystores are."""

import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from support import pki
from support.process import assert_credentials, assert_fails, environment, run, session
from support.verifier import Verifier

PASSWORD = "changeit"


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                          env=environment(), stdin=subprocess.DEVNULL).stdout


def der(tag, *parts):
    content = b"".join(parts)
    length = (bytes([len(content)]) if len(content) < 128 else
              bytes([0x82]) + len(content).to_bytes(2, "big"))
    return bytes([tag]) + length + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([40 * first + second])
    for number in rest:
        part = bytes([number & 127])
        while number := number >> 7:
            part = bytes([number & 127 | 128]) + part
        out += part
    return der(6, out)


def bag(kind, value, name):
    attributes = b""
    if name:
        attributes = der(0x31, der(0x30, oid("1.2.840.113549.1.9.20"),
                                   der(0x31, der(0x1e, name.encode("utf-16-be")))))
    return der(0x30, oid(f"1.2.840.113549.1.12.10.1.{kind}"), der(0xa0, value), attributes)


def key_bag(entity, name=None):
    return bag(1, entity.key.private_bytes(serialization.Encoding.DER,
                                           serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()), name)


def certificate_bag(entity, name=None):
    return bag(3, der(0x30, oid("1.2.840.113549.1.9.22.1"), der(0xa0, der(4, pki.der(entity)))),
               name)


def store(directory, *bags):
    """Without encryption and MAC, which openssl and keytool do not leave out for several keys."""
    data = oid("1.2.840.113549.1.7.1")
    safe = der(0x30, data, der(0xa0, der(4, der(0x30, *bags))))
    return pki.write(directory, "store.p12", der(
        0x30, der(2, b"\3"), der(0x30, data, der(0xa0, der(4, der(0x30, safe))))))


@pytest.fixture(name="two")
def two_leaves(identity):
    app = identity.intermediate.issue("app leaf", private_key=pki.key("p256", "app"))
    second = identity.intermediate.issue("second leaf", private_key=pki.key("p384", "second"))
    return app, second


@pytest.fixture(name="path")
def path_of_store(identity, two, tmp_path):
    app, second = two
    return store(tmp_path, key_bag(app, "app"), key_bag(second, "Zweite ü"),
                 certificate_bag(app, "app"), certificate_bag(identity.intermediate),
                 certificate_bag(second))


def test_openssl_reads_what_these_tests_make(path):
    text = openssl("pkcs12", "-in", path, "-passin", "pass:", "-nodes")
    assert text.count(b"BEGIN PRIVATE KEY") == 2 and b"friendlyName: app" in text


def test_entries_are_listed(path, silent):
    result = session(silent, ["--certificate", path])
    assert_fails(result, 2, r'contains more than one private key: "app" \(CN=app leaf\), '
                 r'"Zweite .*" \(CN=second leaf\)', hint="--pkcs12-entry")
    result = session(silent, ["--certificate", path, "--pkcs12-entry", "third"])
    assert_fails(result, 2, r'has no entry "third".*"app" \(CN=app leaf\)', hint="subject")
    assert_fails(run("read-certificate-data", "--certificate", path), 2, '"app"')


@pytest.mark.parametrize("entry,leaf", [("app", 0), ("Zweite ü", 1), ("CN=app leaf", 0),
                                        ("CN=second leaf", 1)])
def test_entry_by_name(path, two, entry, leaf):
    flags = ["--certificate", path, "--pkcs12-entry", entry]
    with Verifier() as verifier:
        result = session(verifier, flags)
    assert_credentials(result)
    assert result.err == "", result
    assert verifier.signed[0].leaf.serial_number == two[leaf].certificate.serial_number
    assert len(verifier.signed[0].chain) == 1
    shown = run("read-certificate-data", *flags, "--format", "text")
    assert f"CN={'app' if leaf == 0 else 'second'} leaf" in shown.out, shown
    assert run("sign-string", *flags).code == 0


@pytest.mark.parametrize("leaf", [0, 1])
def test_key_that_matches_the_certificate(identity, path, two, leaf, tmp_path):
    """The certificate is in a file of its own: then the key of it is taken, without a name."""
    certificate = pki.write(tmp_path, "leaf.pem", pki.pem(two[leaf], identity.intermediate))
    with Verifier() as verifier:
        result = session(verifier, ["--certificate", certificate, "--private-key", path])
    assert_credentials(result)
    assert result.err == "", result


def test_key_of_neither(identity, path, silent):
    result = session(silent, [*identity.flags[:3], path])
    assert_fails(result, 2, "more than one private key")


def test_one_of_two_keys_has_a_certificate(identity, two, emulator, tmp_path):
    app, second = two
    path = store(tmp_path, key_bag(second, "old"), key_bag(app, "app"), certificate_bag(app),
                 certificate_bag(identity.intermediate))
    assert_credentials(session(emulator, ["--certificate", path]))


def test_the_same_key_twice(identity, two, emulator, tmp_path):
    path = store(tmp_path, key_bag(two[0], "a"), key_bag(two[0], "b"), certificate_bag(two[0]),
                 certificate_bag(identity.intermediate))
    for more in ([], ["--pkcs12-entry", "a"], ["--pkcs12-entry", "b"]):
        assert_credentials(session(emulator, ["--certificate", path, *more]))


def test_entry_of_a_binding(path, two, emulator, tmp_path):
    config = pki.write(tmp_path, "config.toml", (
        f'[binding.a]\ncertificate = "store.p12"\npkcs12-entry = "app"\n').encode())
    result = session(emulator, ["--config", config, "--binding", "a"])
    assert_credentials(result)


def test_cache_tells_entries_apart(path, emulator, tmp_path):
    flags = ["--certificate", path, "--cache", "--pkcs12-entry"]
    outs = {session(emulator, [*flags, entry], env={"HOME": str(tmp_path)}).out
            for entry in ("app", "Zweite ü", "app", "Zweite ü")}
    assert len(outs) == 2


def test_encrypted_store_as_private_key(identity, emulator, silent, tmp_path):
    both = pki.write(tmp_path, "both", pki.key_pem(identity.leaf.key) + pki.pem(identity.leaf))
    path = pki.write(tmp_path, "x.p12", openssl("pkcs12", "-export", "-in", both, "-passout",
                                                f"pass:{PASSWORD}"))
    flags = [*identity.flags[:3], path]
    assert_credentials(session(emulator, flags, "--password-source", "env:PW",
                               env={"PW": PASSWORD}))
    assert_fails(session(silent, flags, "--password-source", "env:PW", env={"PW": "wrong"}), 2,
                 f"wrong password for private key file {path}")
