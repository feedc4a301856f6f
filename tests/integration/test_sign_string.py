"""sign-string, byte for byte."""

import json
import re
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12
from support import pki
from support.diagnostics import EC, RSA, expected_data, fixed_text, openssl_verifies, output, read
from support.pki import DAY
from support.process import assert_fails, environment, run

DIGESTS = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}


def sign(key_file, *more):
    return output("sign-string", "--private-key", key_file, *more)


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
@pytest.mark.parametrize("kind", RSA + EC)
def test_signatures(tmp_path, kind, form):
    key = pki.key(kind)
    path = pki.write(tmp_path, "a.key", pki.key_pem(key, form))
    for digest, algorithm in DIGESTS.items():
        flags = ["--digest", digest]
        as_json, as_text = sign(path, *flags), sign(path, *flags, "--format", "text")
        as_bytes = sign(path, *flags, "--format", "bin")
        assert re.fullmatch(rb'"([0-9a-f]{2})+"', as_json) and re.fullmatch(rb"[0-9a-f]+", as_text)
        signatures = [bytes.fromhex(json.loads(as_json)), bytes.fromhex(as_text.decode()), as_bytes]
        for signature in signatures:
            assert openssl_verifies(tmp_path, key.public_key(), digest, signature)
            for other in DIGESTS.keys() - {digest}:
                assert not openssl_verifies(tmp_path, key.public_key(), other, signature)
        if kind in RSA:  # its signatures are always the same
            wanted = key.sign(fixed_text(key.public_key()), padding.PKCS1v15(), algorithm)
            assert signatures == [wanted] * 3
            assert as_json == b'"' + wanted.hex().encode() + b'"'


def test_defaults_are_sha256_and_json(tmp_path):
    path = pki.write(tmp_path, "a.key", pki.key_pem(pki.key("rsa2048")))
    assert sign(path) == sign(path, "--digest", "SHA256", "--format", "json")


def test_certificate_and_intermediates_are_taken(tmp_path, identity):
    expired = identity.intermediate.issue("old", not_before=pki.NOW - 9 * DAY,
                                          not_after=pki.NOW - DAY)
    path = pki.write(tmp_path, "old.key", pki.key_pem(expired.key))
    chain = pki.write(tmp_path, "old.pem", pki.pem(identity.intermediate, expired))
    signature = sign(path, "--certificate", chain, "--intermediates", identity.root_file,
                     "--format", "bin")
    assert openssl_verifies(tmp_path, expired.key.public_key(), "SHA256", signature)
    result = run("sign-string", "--private-key", path, "--certificate", identity.certificate)
    assert_fails(result, 2, "does not match", hint="same certificate request")


def test_a_point_in_compressed_form(tmp_path):
    """Files that hold the compressed point sign the same text."""
    key = pki.key("p256")
    path = pki.write(tmp_path, "a.key", pki.key_pem(key))
    subprocess.run(["openssl", "ec", "-in", path, "-conv_form", "compressed", "-out",
                    tmp_path / "b.key"], env=environment(), capture_output=True, check=True)
    (tmp_path / "b.key").chmod(0o600)
    assert (tmp_path / "b.key").read_bytes() != pki.key_pem(key, "traditional")
    signature = sign(tmp_path / "b.key", "--format", "bin")
    assert openssl_verifies(tmp_path, key.public_key(), "SHA256", signature)


def encrypted(directory, key):
    """The key under the password "pw", once as PEM and once in a PKCS#12 file with a chain."""
    issuer = pki.root()
    leaf = issuer.issue("leaf", private_key=key)
    protection = serialization.BestAvailableEncryption(b"pw")
    store = pkcs12.serialize_key_and_certificates(b"x", key, leaf.certificate,
                                                  [issuer.certificate], protection)
    return (leaf, pki.write(directory, "encrypted.key", pki.key_pem(key, password=b"pw")),
            pki.write(directory, "leaf.p12", store))


@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
def test_what_is_encrypted(tmp_path, kind):
    leaf, key_file, store = encrypted(tmp_path, pki.key(kind))
    password = ["--password-source", f"file:{pki.write(tmp_path, 'pw', b'pw')}"]
    data = expected_data(leaf, "RSA" if kind in RSA else "EC")
    assert read(store, *password) == data  # the leaf, wherever it is in the file
    for source in (["--private-key", key_file], ["--certificate", store]):
        signature = output("sign-string", *source, *password, "--format", "bin")
        assert openssl_verifies(tmp_path, leaf.key.public_key(), "SHA256", signature)
        wrong = run("sign-string", *source, "--password-source", "env:PW", env={"PW": "other"})
        assert_fails(wrong, 2, "wrong password")
    assert_fails(run("read-certificate-data", "--certificate", store, start_new_session=True), 2,
                 "leaf.p12 is encrypted, and there is no terminal")
    flag = run("read-certificate-data", "--certificate", store, "--pkcs8-password", "pw")
    assert (flag.code, flag.out.encode(), len(flag.warnings)) == (0, data, 1)


def test_wrong_flags_of_sign_string(identity, tmp_path):
    def fails(*flags, **expected):
        return assert_fails(run("sign-string", *flags), 2, **expected)

    key = ["--private-key", identity.key]
    fails(pattern="missing: --private-key", hint="--help")
    fails("--certificate", identity.certificate, pattern="missing: --private-key")
    fails("--private-key", tmp_path / "none.key", pattern="No such file", hint="path")
    fails("--private-key", identity.certificate, pattern="contains no private key")
    fails(*key, "--digest", "SHA1", pattern="SHA256, SHA384 or SHA512, not \"SHA1\"")
    fails(*key, "--digest", "sha256", pattern="not \"sha256\"", hint="case")
    fails(*key, "--format", "hex", pattern="json, text or bin")
    fails(*key, "text to sign", pattern="unexpected argument")
    for one, other in (("--tpm-key-password", "--password-source"),
                       ("--pkcs8-password", "--password-source")):
        assert "hunter2" not in fails(*key, one, "hunter2", other, "file:x",
                                      pattern="cannot be used together").err
    fails(*key, "--tpm-key-password", "x", "--no-tpm-key-password", pattern="cannot be used together")


def test_an_open_key_file_is_warned_of(tmp_path):
    path = tmp_path / "a.key"
    path.write_bytes(pki.key_pem(pki.key("p256")))
    path.chmod(0o644)
    result = run("sign-string", "--private-key", path)
    assert result.code == 0 and len(result.warnings) == 1 and "0644" in result.err, result
