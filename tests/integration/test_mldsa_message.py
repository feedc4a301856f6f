"""ML-DSA keys, which OpenSSL before 3.5 cannot read: the message has the name and the version."""

import pytest
from support import ml_dsa, pki, signing
from support import ml_dsa_pki as mixed
from support.diagnostics import facts, read
from support.ml_dsa import SETS
from support.process import (ARNS, Emulator, assert_credentials, assert_fails, credential_process,
                             run, session)
from support.tokens import PIN, Faults

UNREADABLE = r"OpenSSL 3\.[0-4]\.\d+ cannot read"
HINT = r"portable program.*OpenSSL 3\.5"

needs_old_openssl = pytest.mark.skipif(not ml_dsa.why_not(), reason="the program has OpenSSL 3.5")


@pytest.fixture(scope="module", name="leaf")
def mldsa_leaf(identity):
    return mixed.make("ML-DSA leaf", "ML-DSA-65", identity.intermediate)


def assert_unreadable(result, name, code=2):
    assert_fails(result, code, f"key of the kind {name}, which {UNREADABLE}", hint=HINT)
    assert "2.16.840" not in result.err and "id-ml-dsa" not in result.err, result


@pytest.mark.parametrize("name", SETS)
def test_private_key(identity, silent, tmp_path, name):
    mine = ml_dsa.PrivateKey(name)
    key = pki.write(tmp_path, "key", mixed.key_pem(mine, "seed-only"))
    result = session(silent, [*identity.flags[:3], key])
    if not ml_dsa.why_not():
        assert_fails(result, 2, rf"\({name}\) does not match")
        return
    assert_unreadable(result, name)
    source = ["--password-source", "env:PW"]
    key = pki.write(tmp_path, "encrypted", mixed.key_pem(mine, password=b"pw"))
    result = session(silent, [*identity.flags[:3], key, *source], env={"PW": "pw"})
    assert_unreadable(result, name)
    leaf = mixed.make("leaf", name, key=mine)
    for password in (None, b"pw"):
        store = pki.write(tmp_path, "store", mixed.pkcs12(leaf, password))
        assert_unreadable(session(silent, ["--certificate", store, *source], env={"PW": "pw"}), name)


@pytest.mark.parametrize("name", SETS)
def test_certificate(identity, silent, tmp_path, name):
    certificate = pki.write(tmp_path, "certificate", pki.pem(mixed.make("leaf", name)))
    result = session(silent, ["--certificate", certificate, *identity.flags[2:]])
    assert_fails(result, 2, f"does not (fit|match).*{name}")
    assert f'{{"keyType":"{name}",'.encode() in read(certificate)
    shown = facts(certificate)
    assert (shown["Key"], shown["Signature"]) == ([name], [name])
    assert "Fails" not in shown, shown


@needs_old_openssl
def test_issuer(identity, tmp_path):
    """Its signature cannot be verified, so it is not sent, and a warning says why."""
    issuer = mixed.make("ML-DSA issuer", "ML-DSA-65", identity.root, ca=True)
    leaf = mixed.make("leaf", "p256", issuer)
    with Emulator(identity.root_file) as emulator:
        result = session(emulator, mixed.write_identity(tmp_path, leaf))
        assert result.code == 1 and len(result.warnings) == 1, result
        assert "the chain ends at CN=leaf, because the key of its issuer CN=ML-DSA issuer is of " \
            "the kind ML-DSA-65, which OpenSSL 3." in result.warnings[0], result
        answer = signing.request(leaf).send(emulator.url)
    signing.assert_refused(answer, "AccessDeniedException",
                           "has a key of the kind ML-DSA-65, which OpenSSL 3.")


@needs_old_openssl
def test_emulator(identity, leaf, tmp_path):
    with Emulator(identity.root_file) as emulator:
        asked = signing.request(leaf)
        asked.algorithm = "AWS4-X509-MLDSA"
        signing.assert_refused(asked.send(emulator.url), "AccessDeniedException",
                               "the certificate's key is of the kind ML-DSA-65, which OpenSSL 3.")
        assert_credentials(session(emulator, identity.flags))
    anchor = pki.write(tmp_path, "root.pem", pki.pem(mixed.make("Root", "ML-DSA-87", ca=True)))
    assert_fails(run("emulate", "--trust-anchor", anchor), 2,
                 f"CN=Root has a key of the kind ML-DSA-87, which {UNREADABLE}")


def test_key_on_a_token(identity, leaf, hsm, silent, tmp_path):
    faults = Faults(tmp_path, hsm)
    faults.set("KEY_TYPE 4a -")  # CKK_ML_DSA of PKCS #11 3.2
    hint = "keys on tokens and in TPMs must be RSA or EC"
    key = ["--private-key", "pkcs11:token=app;object=p256", *faults.flags]
    env = {**faults.env, "ROLECALL_PIN": PIN}
    result = run("sign-string", *key, env=env, start_new_session=True)
    assert_fails(result, 2, "object=p256.* is of the kind ML-DSA", hint=hint)
    certificate = pki.write(tmp_path, "leaf.pem", pki.pem(leaf))
    result = session(silent, ["--certificate", certificate, *key], env=env, start_new_session=True)
    assert_fails(result, 2, "object=p256.* .ML-DSA. does not match the certificate .CN=ML-DSA leaf,",
                 hint=hint)
    result = session(silent, [*identity.flags[:2], *key], env=env, start_new_session=True)
    assert_fails(result, 2, "object=p256.* .ML-DSA. does not match the certificate", hint=hint)


def test_leaf_with_a_key_on_a_token(leaf, hsm, tmp_path):
    """Tokens sign only with RSA and EC keys."""
    certificate = pki.write(tmp_path, "leaf.pem", pki.pem(leaf))
    result = credential_process("--certificate", certificate, "--private-key", "pkcs11:token=app;object=p256",
                                *hsm.password, *ARNS, env=hsm.env)
    assert_fails(result, 2, "does not match the certificate .CN=ML-DSA leaf, ML-DSA-65",
                 hint="keys on tokens and in TPMs must be RSA or EC")
