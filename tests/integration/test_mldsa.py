"""ML-DSA keys, from the file to the credentials. The program needs OpenSSL 3.5; the keys and the
certificates are made by tests/support, which needs no OpenSSL."""

import base64
import hashlib
import json
import subprocess

import pytest
from support import ml_dsa, pki, signing
from support import ml_dsa_pki as mixed
from support.diagnostics import facts, output, read
from support.ml_dsa import SETS
from support.process import (ARNS, BINARY, Emulator, assert_credentials, assert_fails, environment,
                             run, session)

pytestmark = pytest.mark.skipif(bool(ml_dsa.why_not()), reason=ml_dsa.why_not())

MLDSA = "AWS4-X509-MLDSA"
INSUFFICIENT = "Untrusted certificate. Insufficient certificate: "


@pytest.fixture(scope="module", name="root")
def p256_root():
    return mixed.make("Test Root", "p256", ca=True)


@pytest.fixture(scope="module")
def leaves(root):
    """A leaf of each kind, under one intermediate of EC."""
    issuer = mixed.make("Test Intermediate", "p256", root, ca=True)
    return {kind: mixed.make(f"leaf {kind}", kind, issuer) for kind in SETS}


@pytest.fixture(scope="module")
def emulator(root, tmp_path_factory):
    root_file = pki.write(tmp_path_factory.mktemp("root"), "root.pem", pki.pem(root))
    with Emulator(root_file) as running:
        yield running


def fixed_text(key):
    return (b"AWS Roles Anywhere Credential Helper Signing Test1"
            + hashlib.sha256(b"IAM RA" + key.public).digest())


def ask(entity, chain=None, **changes):
    """A request by the tests' own signer."""
    asked = signing.request(entity, chain)
    asked.algorithm = MLDSA
    for name, value in changes.items():
        setattr(asked, name, value)
    return asked


# --- from the file to the credentials


@pytest.mark.parametrize("form", mixed.FORMS)
@pytest.mark.parametrize("kind", SETS)
def test_every_form_of_a_key_file(emulator, leaves, tmp_path, kind, form):
    leaf = leaves[kind]
    flags = mixed.write_identity(tmp_path, leaf)
    flags[3] = pki.write(tmp_path, "a.key", mixed.key_pem(leaf.key, form))
    assert_credentials(session(emulator, flags))
    # Also in one file with the certificate, the key first.
    both = pki.write(tmp_path, "both.pem", mixed.key_pem(leaf.key, form)
                     + pki.pem(leaf, *leaf.chain))
    assert_credentials(session(emulator, ["--certificate", both]))


@pytest.mark.parametrize("form", ["seed-priv", "bare-seed"])
@pytest.mark.parametrize("kind", SETS)
def test_encrypted_keys(emulator, leaves, tmp_path, kind, form):
    flags = mixed.write_identity(tmp_path, leaves[kind])
    flags[3] = pki.write(tmp_path, "a.key", mixed.key_pem(leaves[kind].key, form, b"right"))
    source = ["--password-source", "env:PW"]
    assert_credentials(session(emulator, flags, *source, env={"PW": "right"}))
    assert_fails(session(emulator, flags, *source, env={"PW": "wrong"}), 2, "wrong password")


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("password", [None, b"right"])
def test_pkcs12(emulator, leaves, tmp_path, kind, password):
    store = pki.write(tmp_path, "a.p12", mixed.pkcs12(leaves[kind], password))
    source = ["--password-source", "env:PW"] if password else []
    assert_credentials(session(emulator, ["--certificate", store, *source], env={"PW": "right"}))
    if password:
        result = session(emulator, ["--certificate", store, *source], env={"PW": "wrong"})
        assert_fails(result, 2, "wrong password")


def damaged(form, change):
    return lambda key: mixed.private_key_info(key, form).replace(*change(key))


@pytest.mark.parametrize("content", [
    # Seed and key are not of one pair.
    damaged("seed-priv", lambda key: (key.seed, bytes(32))),
    # The private key has a changed s1, so that it does not belong to its own public key.
    damaged("priv-only", lambda key: (key.expanded[128:160], bytes(32))),
    lambda key: mixed.sequence(mixed.integer(0), mixed.algorithm(key.name),
                               mixed.octets(bytes(31)))])
def test_damaged_keys(silent, leaves, tmp_path, content):
    leaf = leaves["ML-DSA-65"]
    flags = mixed.write_identity(tmp_path, leaf)
    for password in (None, b"pw"):
        info = content(leaf.key)
        text = (mixed.block("PRIVATE KEY", info) if password is None else
                mixed.block("ENCRYPTED PRIVATE KEY", mixed.encrypted_key_info(info, password)))
        flags[3] = pki.write(tmp_path, "bad.key", text)
        result = session(silent, flags, "--password-source", "env:PW", env={"PW": "pw"})
        assert_fails(result, 2, "bad.key contains a damaged private key", hint="openssl pkey")


def test_key_of_another_certificate(silent, leaves, tmp_path):
    flags = mixed.write_identity(tmp_path, leaves["ML-DSA-44"])
    for key, kind in ((leaves["ML-DSA-65"].key, "ML-DSA-65"), (pki.key("p256"), "P-256"),
                      (ml_dsa.PrivateKey("ML-DSA-44"), "ML-DSA-44")):
        flags[3] = pki.write(tmp_path, "other.key", mixed.key_pem(key))
        assert_fails(session(silent, flags), 2,
                     rf"other.key \({kind}\) does not match any of .* ML-DSA-44\)")


# --- chains


@pytest.mark.parametrize("kinds", [
    ("ML-DSA-87", "ML-DSA-65", "ML-DSA-44"), ("p256", "ML-DSA-65", "rsa2048"),
    ("ML-DSA-65", "p384", "ML-DSA-65"), ("rsa2048", "ML-DSA-44", "p521"),
    ("ML-DSA-44", "rsa2048", "p256")])
def test_mixed_chains(tmp_path, kinds):
    above = root = mixed.make("Mixed Root", kinds[0], ca=True)
    for level, kind in enumerate([kinds[1], kinds[1]]):
        above = mixed.make(f"Mixed {level}", kind, above, ca=True)
    leaf = mixed.make("leaf", kinds[2], above)
    flags = mixed.write_identity(tmp_path, leaf)
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        result = session(emulator, flags)
        assert_credentials(result)
        assert not result.err, result  # no requirement is unmet
        # The chain is sorted by the signatures, whatever its order in the file.
        leaf_file = pki.write(tmp_path, "only.pem", pki.pem(leaf))
        others = pki.write(tmp_path, "others.pem", pki.pem(root, *reversed(leaf.chain)))
        flags = ["--certificate", leaf_file, *flags[2:], "--intermediates", others]
        assert_credentials(session(emulator, flags))


def test_the_largest_request(tmp_path):
    """Five issuers of the largest set, and names as long as those of real CAs."""
    above = mixed.make("Root " + "x" * 59, "p256", ca=True)
    root_file = pki.write(tmp_path, "root.pem", pki.pem(above))
    key = ml_dsa.PrivateKey("ML-DSA-87")
    for level in range(5):
        above = mixed.make(f"Level {level} " + "x" * 56, "ML-DSA-87", above, key=key, ca=True)
    leaf = mixed.make("leaf", "ML-DSA-87", above, key=ml_dsa.PrivateKey("ML-DSA-87"))
    with Emulator(root_file) as emulator:
        assert_credentials(session(emulator, mixed.write_identity(tmp_path, leaf)))
        asked = ask(leaf)
        assert len(asked.chain_header) > 40000
        signing.assert_granted(asked.send(emulator.url))


def test_self_signed_leaf_and_wrong_chain(root, leaves, tmp_path):
    other = mixed.make("Test Intermediate", "ML-DSA-65", root, ca=True)
    leaf = leaves["ML-DSA-65"]
    pool = pki.write(tmp_path, "leaf.pem", pki.pem(leaf, other))
    key = pki.write(tmp_path, "leaf.key", mixed.key_pem(leaf.key))
    with Emulator(pki.write(tmp_path, "root.pem", pki.pem(root))) as emulator:
        result = session(emulator, ["--certificate", pool, "--private-key", key])
        assert_fails(result, 1, "no chain to the trust anchor")
        assert "none of the other certificates given issued CN=leaf ML-DSA-65" in result.err


# --- what emulate checks


@pytest.mark.parametrize("kind", SETS)
def test_requests_of_another_signer(emulator, leaves, kind):
    signing.assert_granted(ask(leaves[kind]).send(emulator.url))


@pytest.mark.parametrize("kind", SETS)
def test_refused_signatures(emulator, leaves, kind):
    leaf = leaves[kind]
    other = ml_dsa.PrivateKey(kind)

    class Context:
        """Signs with a context that is not empty."""

        @staticmethod
        def sign(text):
            return leaf.key.sign(text, b"aws")

    class Digest:
        """Signs a digest of the text, as keys of other kinds do."""

        @staticmethod
        def sign(text):
            return leaf.key.sign(hashlib.sha256(text).digest())

    for key in (other, Context, Digest):
        signing.assert_refused(ask(leaf, key=key).send(emulator.url), "AccessDeniedException",
                               "the certificate's key did not sign this request")
    for algorithm in ("AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256", "AWS4-X509-MLDSA-SHA256"):
        signing.assert_refused(ask(leaf, algorithm=algorithm).send(emulator.url),
                               "AccessDeniedException", f"needs {MLDSA}")
    asked = ask(leaf).sign(emulator.url.split("/")[2])
    name, value = asked.headers[-1]
    asked.headers[-1] = (name, value[:-1] + ("0" if value[-1] != "0" else "1"))
    signing.assert_refused(asked.send(emulator.url), "AccessDeniedException",
                           "the certificate's key did not sign this request")


def test_name_of_the_algorithm_for_other_keys(emulator, root):
    leaf = mixed.make("EC leaf", "p256", root)
    signing.assert_refused(ask(leaf, []).send(emulator.url), "AccessDeniedException",
                           "needs AWS4-X509-ECDSA-SHA256")


def test_wrong_signature_of_a_certificate(emulator, root, tmp_path):
    issuer = mixed.make("Test Issuer", "ML-DSA-44", root, ca=True)
    leaf = mixed.make("leaf", "ML-DSA-44", issuer, signer=ml_dsa.PrivateKey("ML-DSA-44"))
    signing.assert_refused(ask(leaf).send(emulator.url), "AccessDeniedException",
                           "its key did not make the signature")
    leaf = mixed.make("leaf", "ML-DSA-44", issuer, usage=("key_agreement",))
    signing.assert_refused(ask(leaf).send(emulator.url), "AccessDeniedException",
                           INSUFFICIENT + "keyUsage of the leaf")


# --- sign-string and read-certificate-data


@pytest.mark.parametrize("kind", SETS)
def test_sign_string(leaves, tmp_path, kind):
    leaf = leaves[kind]
    flags = mixed.write_identity(tmp_path, leaf)
    sign = ["sign-string", *flags]
    as_json, as_text = output(*sign), output(*sign, "--format", "text")
    signatures = [bytes.fromhex(json.loads(as_json)), bytes.fromhex(as_text.decode()),
                  output(*sign, "--format", "bin")]
    for signature in signatures:
        assert leaf.key.verifies(fixed_text(leaf.key), signature)
        assert not leaf.key.verifies(fixed_text(leaf.key) + b"x", signature)
    for digest in ("SHA256", "SHA384", "SHA512"):
        assert_fails(run(*sign, "--digest", digest), 2, "--digest cannot be used with an ML-DSA",
                     hint="leave --digest out")
    result = run(*sign, env={"ROLECALL_DIGEST": "SHA256"})
    assert_fails(result, 2, "--digest cannot be used with an ML-DSA")


@pytest.mark.parametrize("kind", SETS)
def test_read_certificate_data(leaves, tmp_path, kind):
    leaf = leaves[kind]
    path = pki.write(tmp_path, "leaf.pem", pki.pem(leaf))
    der = base64.b64encode(pki.der(leaf)).decode()
    assert read(path) == (f'{{"keyType":"{kind}","certificateData":"{der}","serialNumber":"'
                          f'{leaf.certificate.serial_number}","supportedAlgorithms":["{kind}"]}}'
                          ).encode()
    shown = facts(path)
    assert shown["Key"] == [kind] and shown["Signature"] == ["ecdsa-with-SHA256"]
    assert shown["Requirements"] == ["met, as far as can be seen without the trust anchor"]
    issuer = mixed.make("Issuer", kind, ca=True)
    below = mixed.make("EC leaf", "p256", issuer)
    shown = facts(pki.write(tmp_path, "below.pem", pki.pem(below, issuer)))
    assert (shown["Key"], shown["Signature"]) == (["P-256"], [kind])
    assert "Fails" not in shown, shown


def test_standard_input(emulator, leaves):
    leaf = leaves["ML-DSA-87"]
    done = subprocess.run(
        [BINARY, "credential-process", "--certificate", "-", "--endpoint", emulator.url,
         *ARNS], input=mixed.key_pem(leaf.key) + pki.pem(leaf, *leaf.chain),
        env=environment(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 0 and json.loads(done.stdout)["Version"] == 1, done
