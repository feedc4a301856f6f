"""Bundles of certificates, large and hostile: the chain is found, or given up, without much work."""

import pathlib

import pytest
from support import pki
from support.process import assert_credentials, run, session
from support.verifier import Verifier

SYSTEM_ROOTS = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def sent_chain(flags, *more):
    """The names that were sent as the chain, and the run."""
    with Verifier() as verifier:
        result = session(verifier, flags, *more)
        assert_credentials(result)
    return [c.subject.rfc4514_string() for c in verifier.signed[0].chain], result


@pytest.mark.skipif(not SYSTEM_ROOTS.exists(), reason="this machine has no bundle of roots")
def test_all_roots_of_the_system_as_intermediates(identity, tmp_path):
    bundle = pki.write(tmp_path, "bundle.pem",
                       SYSTEM_ROOTS.read_bytes() + pki.pem(identity.intermediate))
    chain, result = sent_chain([*pki.write_identity(tmp_path, identity.leaf)[:4],
                                "--intermediates", bundle])
    assert chain == ["CN=Test Intermediate"] and result.err == "", result


@pytest.mark.parametrize("issuer_is", ["the same root", "itself"])
def test_250_issuers_of_one_name_and_key(tmp_path, issuer_is):
    """Each compared with each, signatures included, this took 37 seconds."""
    root = pki.root()
    key = pki.key("rsa2048", "one of many")
    many = [pki.make("One of many", issuer=root if issuer_is == "the same root" else None, ca=True,
                     private_key=key, serial=serial) for serial in range(1, 251)]
    leaf = many[0].issue("leaf")
    flags = [*pki.write_identity(tmp_path, leaf)[:4], "--intermediates",
             pki.write(tmp_path, "many.pem", pki.pem(*many, root))]
    chain, result = sent_chain(flags, "--timeout", "20")
    assert chain == (["CN=One of many"] if issuer_is == "the same root" else []), result
    assert result.seconds < 15, result


def test_certificates_of_one_name_and_many_keys(tmp_path, identity):
    many = [pki.make("Test Intermediate", ca=True, private_key=pki.key("p256", f"many {nth}"))
            for nth in range(200)]
    bundle = pki.write(tmp_path, "many.pem", pki.pem(*many))
    flags = [*pki.write_identity(tmp_path, identity.leaf)[:4], "--intermediates", bundle]
    chain, result = sent_chain(flags)
    assert chain == ["CN=Test Intermediate"] or "too many of the certificates" in result.err, result
    assert result.seconds < 15, result
    shown = run("read-certificate-data", "--certificate", bundle, "--format", "text")
    assert shown.code == 0 and shown.seconds < 15, shown
