"""ML-DSA keys, which OpenSSL before 3.5 cannot read: the message has the name and the version."""

import base64

import pytest
from support import pki
from support.process import assert_fails, run, session


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + content


def block(label, content):
    return (f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(content)
            + f"-----END {label}-----\n".encode())


SETS = {"ML-DSA-44": (17, 1312), "ML-DSA-65": (18, 1952), "ML-DSA-87": (19, 2592)}


def algorithm(name):
    return der(0x30, der(6, bytes.fromhex("6086480165030403") + bytes([SETS[name][0]])))


def private_key(name):
    """PKCS#8 with a seed alone."""
    return block("PRIVATE KEY", der(0x30, der(2, b"\0"), algorithm(name),
                                    der(4, der(0x80, bytes(32)))))


def with_public_key(certificate, name):
    """The certificate with another key, whose signature so is wrong; nothing verifies it."""
    data = pki.der(certificate)
    old = certificate.key.public_key().public_bytes(pki.serialization.Encoding.DER,
                                                    pki.serialization.PublicFormat
                                                    .SubjectPublicKeyInfo)
    new = der(0x30, algorithm(name), der(3, b"\0" + bytes(SETS[name][1])))
    body_start = 8
    body_size = int.from_bytes(data[6:8], "big")
    body = data[body_start:body_start + body_size].replace(old, new)
    return block("CERTIFICATE", der(0x30, der(0x30, body), data[body_start + body_size:]))


@pytest.mark.parametrize("name", SETS)
def test_private_key(identity, silent, tmp_path, name):
    key = pki.write(tmp_path, "key", private_key(name))
    result = session(silent, [*identity.flags[:3], key])
    assert_fails(result, 2, f"key of the kind {name}")
    assert "2.16.840" not in result.err, result
    if "cannot read" in result.err:
        assert_fails(result, 2, r"OpenSSL 3\.[0-4]", hint=r"OpenSSL 3\.5")


@pytest.mark.parametrize("name", SETS)
def test_certificate(identity, silent, tmp_path, name):
    certificate = pki.write(tmp_path, "certificate", with_public_key(identity.leaf, name))
    result = session(silent, ["--certificate", certificate, *identity.flags[2:]])
    assert_fails(result, 2, f"does not (fit|match).*{name}")
    assert_fails(run("read-certificate-data", "--certificate", certificate), 2, f"kind {name}")
