"""Certificates that the service refuses, or may: said before the request and after the refusal, and
refused by `emulate`."""

import signal
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from support import pki
from support.process import (Emulator, assert_credentials, assert_fails, environment, run,
                             session)
from support.serve import Serve, eventually
from support.verifier import Verifier, service_error

UNTRUSTED = "Untrusted certificate. Insufficient certificate"
UNMAPPED = ("Unable to assume role for arn:aws:iam::111122223333:role/Example. Some attributes failed "
            "to be mapped into session tags. ")


def warned(result, pattern):
    return [line for line in result.warnings if pattern in line]


def explicit_leaf(directory, issuer):
    """cryptography makes no keys with explicit parameters; the openssl program does."""
    key, request, leaf = (str(directory / name) for name in ("leaf.key", "leaf.csr", "explicit.pem"))
    pki.write(directory, "ca.pem", pki.pem(issuer))
    pki.write(directory, "ca.key", pki.key_pem(issuer.key))
    (directory / "extensions").write_text("basicConstraints=critical,CA:FALSE\n"
                                          "keyUsage=critical,digitalSignature\n")
    for command in (
            f"ecparam -name prime256v1 -genkey -noout -param_enc explicit -out {key}",
            f"req -new -key {key} -subj /CN=explicit -out {request}",
            f"x509 -req -in {request} -CA {directory}/ca.pem -CAkey {directory}/ca.key -days 9 "
            f"-set_serial 8 -extfile {directory}/extensions -out {leaf}"):
        subprocess.run(["openssl", *command.split()], env=environment(), capture_output=True,
                       check=True)
    chain = pki.write(directory, "leaf.pem", open(leaf, "rb").read() + pki.pem(issuer))
    return ["--certificate", chain, "--private-key", key]


def signed_again(entity, change, issuer, directory):
    """The same leaf with a change of its builder, signed by the issuer."""
    old = entity.certificate
    builder = (x509.CertificateBuilder().subject_name(old.subject).issuer_name(
        issuer.certificate.subject).public_key(old.public_key()).serial_number(old.serial_number)
        .not_valid_before(old.not_valid_before).not_valid_after(old.not_valid_after))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    hash_of_key = None if isinstance(issuer.key, ed25519.Ed25519PrivateKey) else pki.hashes.SHA256()
    leaf = pki.Entity(change(builder).sign(issuer.key, hash_of_key), entity.key, issuer)
    return pki.write_identity(directory, leaf)


def refused_identities(name, directory, identity):
    """The flags of an identity that the service refuses, and the trust anchor's file."""
    leaf = identity.intermediate.issue("leaf")
    if name == "explicit parameters":
        return explicit_leaf(directory, identity.intermediate), identity.root_file
    if name == "critical extension":
        odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.9"), b"\x05\x00")
        return signed_again(leaf, lambda b: b.add_extension(odd, critical=True),
                            identity.intermediate, directory), identity.root_file
    if name == "Ed25519 issuer":
        key = pki.key("ed25519")
        name_of = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ed CA")])
        ca = (x509.CertificateBuilder().subject_name(name_of).issuer_name(name_of)
              .public_key(key.public_key()).serial_number(7).not_valid_before(pki.NOW - pki.DAY)
              .not_valid_after(pki.NOW + pki.DAY)
              .add_extension(x509.BasicConstraints(True, None), True)
              .add_extension(x509.KeyUsage(**{u: u == "key_cert_sign" for u in pki.USAGES}), True))
        issuer = pki.Entity(ca.sign(key, None), key, None)
        return (signed_again(leaf, lambda b: b, issuer, directory),
                pki.write(directory, "ed.pem", pki.pem(issuer)))
    assert name == "empty subject"
    leaf = identity.intermediate.issue("spiffe", subject=x509.Name([]), hosts=("app.example.org",))
    return pki.write_identity(directory, leaf), identity.root_file


REFUSED = {
    "explicit parameters": "the EC key of CN=explicit has explicit parameters",
    "critical extension": "an unknown critical extension (1.3.6.1.4.1.55555.9)",
    "Ed25519 issuer": "is of the kind ED25519, not RSA, ECDSA or ML-DSA",
    "empty subject": "is empty, which the service does not support yet",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_service_refuses(tmp_path, identity, name):
    flags, anchor = refused_identities(name, tmp_path, identity)
    # It is sent all the same. (cryptography cannot read explicit parameters.)
    with Verifier(check=name != "explicit parameters") as verifier:
        result = session(verifier, flags)
        assert_credentials(result)
        assert len(warned(result, REFUSED[name])) == 1 and len(result.warnings) == 1, result
    with Verifier(service_error(403, "AccessDeniedException", UNTRUSTED), check=False) as verifier:
        result = session(verifier, flags)
        assert_fails(result, 1, "AccessDenied")
        assert REFUSED[name] in result.hint and warned(result, REFUSED[name]), result
    shown = run("read-certificate-data", "--certificate", flags[1], "--format", "text")
    assert "\nRequirements:  1 not met\nFails:  " in shown.out and REFUSED[name] in shown.out, shown
    with Emulator(anchor) as emulator:
        result = session(emulator, flags)
        assert_fails(result, 1, "Untrusted")
        assert REFUSED[name] in result.hint, result


def test_what_vault_and_step_ca_make_is_taken(tmp_path, identity, emulator):
    leaf = identity.intermediate.issue("leaf", basic_constraints=False)
    flags = pki.write_identity(tmp_path, leaf)
    result = session(emulator, flags)
    assert_credentials(result)
    assert result.err == "", result
    shown = run("read-certificate-data", "--certificate", flags[1], "--format", "text")
    assert "\nRequirements:  met" in shown.out and "Fails" not in shown.out, shown


def test_without_client_auth_there_is_a_warning(tmp_path, identity, emulator):
    leaf = identity.intermediate.issue("leaf", extended=(ExtendedKeyUsageOID.SERVER_AUTH,))
    flags = pki.write_identity(tmp_path, leaf)
    result = session(emulator, flags)
    assert_credentials(result)
    assert len(warned(result, "may refuse this certificate: extendedKeyUsage")) == 1, result
    with Verifier(service_error(403, "AccessDeniedException", UNTRUSTED)) as verifier:
        assert_fails(session(verifier, flags), 1, hint="reason: extendedKeyUsage of CN=leaf lacks cl")


def unmappable(kind, directory, identity):
    """Flags, the trust anchor, and a tag, its specifier and what it has."""
    if kind == "issuer":
        root = pki.root("Food & Drink")
        return (pki.write_identity(directory, root.issue("leaf")),
                pki.write(directory, "root.pem", pki.pem(root)), "x509Issuer", "CN", '"&"')
    if kind == "host":
        leaf = identity.intermediate.issue("leaf", hosts=("*.example.org", "a.example.org"))
        return (pki.write_identity(directory, leaf), identity.root_file, "x509SAN", "DNS", '"*"')
    leaf = identity.intermediate.issue("Jane (E1)")
    return (pki.write_identity(directory, leaf), identity.root_file, "x509Subject", "CN", '"("')


@pytest.mark.parametrize("kind", ["issuer", "host", "subject"])
def test_what_cannot_be_a_session_tag(tmp_path, identity, kind):
    flags, anchor, field, specifier, wrong = unmappable(kind, tmp_path, identity)
    remedy = (f"aws rolesanywhere delete-attribute-mapping --profile-id ID --certificate-field {field} "
              f"--specifiers {specifier}")
    with Verifier() as verifier:
        result = session(verifier, flags)
        assert_credentials(result)
        assert len(result.warnings) == 1 and f"session tag {field}/{specifier} " in result.err, result
        assert wrong in result.err and remedy in result.err, result
    with Emulator(anchor) as emulator:
        result = session(emulator, flags)
        assert_fails(result, 1, "Some attributes failed to be mapped into session tags")
        assert remedy in result.hint and f"{field}/{specifier} " in result.hint, result
    shown = run("read-certificate-data", "--certificate", flags[1], "--format", "text")
    assert f"\nWarning:       session tag {field}/{specifier} " in shown.out, shown


def test_the_service_names_what_another_mapping_maps(identity):
    text = UNMAPPED + "Issuer: [ O, 1.2.3 ]; Subject: [  ]; SAN: [ DNS/2 ]"
    with Verifier(service_error(403, "AccessDeniedException", text)) as verifier:
        result = session(verifier, identity.flags)
    assert_fails(result, 1, "failed to be mapped")
    assert "--certificate-field x509Issuer --specifiers O 1.2.3; aws" in result.hint, result
    assert "--certificate-field x509SAN --specifiers DNS/2" in result.hint, result
    assert "trust policy" not in result.hint, result
    with Verifier(service_error(403, "AccessDeniedException", UNMAPPED)) as verifier:
        assert_fails(session(verifier, identity.flags), 1, hint="read-certificate-data")


def test_a_hit_in_the_cache_says_nothing_more(tmp_path, identity):
    flags, _, field, *_ = unmappable("subject", tmp_path, identity)
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    with Verifier() as verifier:
        first = session(verifier, flags, "--cache", env=cache)
        again = session(verifier, flags, "--cache", env=cache)
        assert len(verifier.requests) == 1
    assert field in first.err and again.err == "" and first.out == again.out, (first, again)


def test_serve_says_it_once(tmp_path, identity, emulator):
    leaf = identity.intermediate.issue("leaf", extended=(ExtendedKeyUsageOID.SERVER_AUTH,))
    with Serve(tmp_path, server=emulator, flags=pki.write_identity(tmp_path, leaf)) as server:
        for _ in range(3):
            before = server.metric("rolecall_renewals_total")
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: server.metric("rolecall_renewals_total") > before)
        assert server.err.count("lacks clientAuth") == 1, server.err
