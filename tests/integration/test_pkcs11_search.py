"""Which certificate and which key on PKCS#11 tokens a URI or a selector means."""

import re

import pytest
from support import pki
from support.pkcs11 import asked, by_itself, leaf_file
from support.pki import DAY
from support.process import assert_credentials, assert_fails
from support.tokens import PIN, SoftHsm
from support.verifier import Verifier


@pytest.mark.parametrize("uri,code,pattern,hint", [
    ("pkcs11:token=none", 3, "no token matches pkcs11:token=none", "were found: .*token=app"),
    ("pkcs11:token=app;object=none", 2, "no certificate on a token matches", "read-certificate"),
    ("pkcs11:manufacturer=none", 3, "no token matches", "plugged in"),
    ("pkcs11:slot-id=99", 3, "no token matches", "plugged in"),
    ("pkcs11:library-description=none", 3, "no token matches", "plugged in"),
    ("pkcs11:object", 2, "not a PKCS#11 URI", "RFC 7512"),
    ("pkcs11:id=%0", 2, "not a PKCS#11 URI", "RFC 7512"),
    ("pkcs11:color=red", 2, "unknown attribute", "RFC 7512"),
    ("pkcs11:object=p256?module-path=/none.so", 2, "/none.so cannot be loaded", "--pkcs11-lib"),
    ("pkcs11:", 2, "certificates match pkcs11:", "(?s)(?=.*object=rsa2048)(?=.*object=p521).*use-latest"),
])
def test_certificates_that_are_not_found(hsm, silent, uri, code, pattern, hint):
    assert_fails(asked(hsm, silent, ["--certificate", uri, *hsm.password]), code, pattern, hint)


@pytest.mark.parametrize("uri,pattern", [
    ("pkcs11:token=a%00b", "NUL"), ("pkcs11:token=app?pin-value=12%0034", "NUL"),
    ("pkcs11:token=app?pin-source=/x%00y", "NUL"),
    ("pkcs11:token=app;pin-value=4711?pin-value=4712", "two pin-values"),
    ("pkcs11:token=app;id=%01;id=%02", "two ids"), ("pkcs11:token=app;token=app", "two tokens"),
])
def test_uris_that_are_refused(hsm, silent, uri, pattern):
    result = asked(hsm, silent, ["--certificate", uri])
    assert_fails(result, 2, pattern)
    assert "471" not in result.err and "%0034" not in result.err, result


@pytest.mark.parametrize("uri,code,pattern,hint", [
    ("pkcs11:token=none", 3, "no token matches pkcs11:token=none", "were found: .*token=app"),
    ("pkcs11:token=app;object=none", 2, "no private key pkcs11:.*object=none", "list-objects"),
    ("pkcs11:token=app;object=rsa2048", 2, r"private key pkcs11:.*object=rsa2048.*\(RSA 2048\) does "
     r"not match the certificate \(CN=on token p256, P-256\)", "same certificate request"),
    ("pkcs11:token=app;object=p384", 2, r"\(P-384\) does not match", "same certificate request"),
])
def test_keys_that_do_not_fit(hsm, silent, tmp_path, uri, code, pattern, hint):
    file = leaf_file(hsm.leaves["p256"], tmp_path)
    result = asked(hsm, silent, ["--certificate", file, "--private-key", uri, *hsm.password])
    assert_fails(result, code, pattern, hint)


def test_several_keys_that_could_be_meant(identity, silent, emulator, tmp_path):
    """Keys of one label and no id, whose public halves nobody tells: a signature does."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    first, second = (identity.intermediate.issue("leaf", private_key=pki.key("p256", n))
                     for n in ("first", "second"))
    for leaf in (first, second):
        tokens.put("t", leaf.key, "twin")
    env = {"ROLECALL_PIN": PIN}
    for leaf in (first, second):
        file = pki.write(tmp_path, "leaf.pem", pki.pem(leaf, *leaf.chain))
        flags = ["--certificate", file, "--private-key", "pkcs11:token=t;object=twin"]
        assert_credentials(asked(tokens, emulator, flags, env=env))
    # Of no key here, and of both.
    other = identity.intermediate.issue("leaf", private_key=pki.key("p256", "third"))
    for several, pattern in (((other,), "none of the 2 private keys on token t matches"),
                             ((first, second), "2 private keys are possible")):
        file = pki.write(tmp_path, "leaf.pem", pki.pem(*several))
        flags = ["--certificate", file, "--private-key", "pkcs11:token=t;object=twin"]
        assert_fails(asked(tokens, silent, flags, env=env), 2, pattern)
    assert_fails(by_itself(tokens, "sign-string", "--private-key", "pkcs11:object=twin",
                           prefix=["env", f"ROLECALL_PIN={PIN}"]), 2, "2 private keys",
                 hint="name the certificate of one key in --certificate: .*object=twin.*object=twin")
    # RSA keys tell.
    leaves = [identity.intermediate.issue("leaf", private_key=pki.key("rsa2048", n))
              for n in ("a", "b")]
    for leaf in leaves:
        tokens.put("t", leaf.key, "rsa twin")
        tokens.put("t", leaf, "rsa twin")
    for leaf in leaves:
        file = pki.write(tmp_path, "leaf.pem", pki.pem(leaf, *leaf.chain))
        assert_credentials(asked(tokens, emulator, ["--certificate", file, "--private-key",
                                                    "pkcs11:object=rsa%20twin"], env=env))


def test_renewed_certificates(identity, tmp_path):
    """Of several for one key the one that is valid and ends last, as of files."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    key = pki.key("p256", "renewed")
    tokens.put("t", key, "app", "01")
    ends = {"old": pki.NOW - DAY, "new": pki.NOW + 20 * DAY, "now": pki.NOW + 10 * DAY}
    serials = {}
    for name, end in ends.items():
        leaf = identity.intermediate.issue("app", private_key=key, not_before=pki.NOW - 30 * DAY,
                                           not_after=end)
        serials[name] = leaf.certificate.serial_number
        tokens.put("t", leaf, "app", "01")
    later = identity.intermediate.issue("app", private_key=key, not_before=pki.NOW + DAY,
                                        not_after=pki.NOW + 90 * DAY)
    tokens.put("t", later, "app", "01")
    for flags in (["--certificate", "pkcs11:object=app"],
                  ["--cert-selector", "Key=x509Subject,Value=CN=app"]):
        with Verifier() as verifier:
            assert_credentials(asked(tokens, verifier, flags, env={"ROLECALL_PIN": PIN}))
        assert verifier.signed[0].leaf.serial_number == serials["new"]


def test_latest_of_several_identities(identity, silent, tmp_path):
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    leaves = {}
    for name, end in (("a", 5), ("b", 25), ("c", 15)):
        leaves[name] = identity.intermediate.issue(
            "app", private_key=pki.key("p256", name), not_after=pki.NOW + end * DAY)
        tokens.put("t", leaves[name], name, f"0{name}")
        tokens.put("t", leaves[name].key, name, f"0{name}")
    env = {"ROLECALL_PIN": PIN}
    for flags in (["--certificate", "pkcs11:token=t"],
                  ["--cert-selector", "Key=x509Subject,Value=CN=app"]):
        assert_fails(asked(tokens, silent, flags, env=env), 2, "3 certificates match",
                     hint="object=a.*object=b.*object=c")
        with Verifier() as verifier:
            assert_credentials(asked(tokens, verifier, flags, "--use-latest-expiring-certificate",
                                     env=env))
        assert verifier.signed[0].leaf.serial_number == leaves["b"].certificate.serial_number
    serial = f"{leaves['c'].certificate.serial_number:X}"
    with Verifier() as verifier:
        assert_credentials(asked(tokens, verifier, ["--cert-selector",
                                                    f"Key=x509Serial,Value={serial}"], env=env))
    assert verifier.signed[0].leaf.serial_number == leaves["c"].certificate.serial_number


@pytest.fixture(scope="module")
def twins(identity, tmp_path_factory):
    """Certificates that have the same label and no CKA_ID: one URI for both."""
    tokens = SoftHsm(tmp_path_factory.mktemp("twins"))
    tokens.token("twins")
    tokens.leaves = [identity.intermediate.issue(f"twin {kind}", private_key=pki.key(kind, "twin"))
                     for kind in ("p256", "rsa2048")]
    for leaf in tokens.leaves:
        tokens.put("twins", leaf, "twin")
        tokens.put("twins", leaf.key, "twin")
    tokens.put("twins", identity.intermediate, "issuer")
    return tokens


def test_certificates_with_the_same_uri(twins, emulator, silent):
    """The hint says what tells them apart, and that works."""
    flags = ["--certificate", "pkcs11:object=twin"]
    result = asked(twins, silent, flags, env={"ROLECALL_PIN": PIN})
    assert_fails(result, 2, "2 certificates match", "their URIs are the same.*--cert-selector")
    hints = re.findall(r"Key=x509Serial,Value=[0-9A-Fa-f]+", result.err)
    assert len(set(hints)) == 2, result
    for hint in hints:
        assert_credentials(asked(twins, emulator, ["--cert-selector", hint],
                                 env={"ROLECALL_PIN": PIN}))
