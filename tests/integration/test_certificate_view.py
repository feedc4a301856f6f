"""read-certificate-data as people read it: names, requirements and the chain."""

import base64
import ipaddress
import json
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID, ObjectIdentifier
from support import pki
from support.diagnostics import as_pem, facts, read
from support.pki import DAY
from support.process import BINARY, assert_fails, environment, run
from test_certs_example import make as make_example


def test_view_of_a_chain(tmp_path, identity):
    path = pki.write(tmp_path, "chain.pem",
                     pki.pem(identity.leaf, identity.root, identity.intermediate))
    shown = facts(path)
    leaf = identity.leaf.certificate
    assert list(shown) == ["Subject", "Issuer", "Serial", "SAN", "Valid from", "Valid until", "Key",
                           "Key usage", "Extended use", "CA", "Signature", "SHA-1", "SHA-256",
                           "Chain", "Not in chain", "Requirements"]
    assert shown["Subject"] == ["CN=test leaf"]
    assert shown["Issuer"] == ["CN=Test Intermediate"]
    assert shown["Valid from"] == [leaf.not_valid_before.isoformat() + "Z"]
    assert shown["Valid until"] == [f"{leaf.not_valid_after.isoformat()}Z (29 days left)"]
    assert shown["Key"] == ["P-256"] and shown["Key usage"] == ["digitalSignature"]
    assert shown["Extended use"] == ["clientAuth"] and shown["CA"] == ["no"]
    assert shown["Signature"] == ["ecdsa-with-SHA256"] and shown["SAN"] == ["none"]
    for name, digest in (("SHA-1", hashes.SHA1()), ("SHA-256", hashes.SHA256())):
        assert shown[name] == [leaf.fingerprint(digest).hex()]
    assert shown["Chain"] == ["CN=Test Intermediate (29 days left)"]
    assert shown["Not in chain"] == ["CN=Test Root (29 days left)"]
    assert shown["Requirements"] == ["met, as far as can be seen without the trust anchor"]


def test_view_of_a_root(identity):
    shown = facts(identity.root_file)
    assert shown["Chain"] == ["none (self-signed)"] and shown["CA"] == ["yes"]
    assert shown["Key usage"] == ["keyCertSign, cRLSign"] and shown["Extended use"] == ["none"]


def test_stable_in_any_locale_and_zone(identity):
    runs = {subprocess.run([BINARY, "read-certificate-data", "--format", "text", "--certificate",
                            identity.certificate], env=environment(extra), capture_output=True,
                           check=True).stdout
            for extra in ({}, {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, {"TERM": "xterm"})}
    assert len(runs) == 1


OTHER = ObjectIdentifier("1.2.3.4.5.6")
UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
NAMES = [
    (x509.DNSName("a.example"), "DNS:a.example"),
    (x509.DNSName("*.b.example"), "DNS:*.b.example"),
    (x509.RFC822Name("me@example.com"), "email:me@example.com"),
    (x509.UniformResourceIdentifier("spiffe://x/y?z=1"), "URI:spiffe://x/y?z=1"),
    (x509.IPAddress(ipaddress.ip_address("192.0.2.1")), "IP:192.0.2.1"),
    (x509.IPAddress(ipaddress.ip_address("2001:db8::1")), "IP:2001:db8::1"),
    (x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "O, Inc"),
                                   x509.NameAttribute(NameOID.COMMON_NAME, "é")])),
     "DirName:CN=é,O=O\\, Inc"),
    (x509.RegisteredID(OTHER), "RID:1.2.3.4.5.6"),
    (x509.OtherName(UPN, b"\x0c\x05a@b.c"), "otherName:msUPN:a@b.c"),
    (x509.OtherName(OTHER, b"\x02\x01\x05"), "otherName:1.2.3.4.5.6:#020105"),
    (x509.DNSName._init_without_validation("a\x1b]0;x\x07\n\\"), "DNS:a ]0;x  \\"),
]


def with_extension(extension, critical=False, subject=None):
    """A self-signed certificate that has this extension besides what a leaf needs."""
    key = pki.key("p256")
    name = subject if subject is not None else x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
               .public_key(key.public_key()).serial_number(7)
               .not_valid_before(pki.NOW - pki.DAY).not_valid_after(pki.NOW + pki.DAY))
    return pki.pem(builder.add_extension(extension, critical).sign(key, hashes.SHA256()))


def test_every_kind_of_alternative_name(tmp_path):
    content = with_extension(x509.SubjectAlternativeName([name for name, _ in NAMES]))
    path = pki.write(tmp_path, "san.pem", content)
    assert facts(path)["SAN"] == [text for _, text in NAMES]


def test_alternative_names_that_python_does_not_make(tmp_path):
    # x400Address, ediPartyName, an IP address of three bytes, a DNS name that is not text
    san = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), bytes.fromhex(
        "3014" "a3023000" "a505a1030c0161" "8703010203" "8202ff41"))
    path = pki.write(tmp_path, "san.pem", with_extension(san))
    assert facts(path)["SAN"] == ["X400Name: (not shown)", "ediPartyName: (not shown)",
                                  "IP:damaged: 010203", "DNS:?A"]


def name(*rdns):
    return x509.Name([x509.RelativeDistinguishedName(
        [x509.NameAttribute(oid, value) for oid, value in rdn]) for rdn in rdns])


CN, O, OU, C = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME,
                NameOID.COUNTRY_NAME)


@pytest.mark.parametrize("subject,expected", [
    (name(), "(empty)"),
    (name([(CN, "Zoë Øst 日本 😀")]), "CN=Zoë Øst 日本 😀"),
    (name([(C, "DE")], [(O, "A, B + C")], [(CN, "x")]), "CN=x,O=A\\, B \\+ C,C=DE"),
    (name([(O, "x")], [(CN, "a"), (OU, "b")]), r"re:(CN=a\+OU=b|OU=b\+CN=a),O=x"),
    (name([(CN, "a\x00\x1b[2J\r\nIssuer:        CN=forged\x7f")]),
     "CN=a\\00\\1B[2J\\0D\\0AIssuer:        CN=forged\\7F"),
    (name([(CN, "\u009b31m\u202egnp.exe\u2028x")]),
     "CN= 31m gnp.exe x"),
    (name([(CN, " #lead and trail ")]), "CN=\\ #lead and trail\\ "),
    (name([(OTHER, "v")]), "1.2.3.4.5.6=#0C0176"),
])
def test_odd_names(tmp_path, subject, expected):
    path = pki.write(tmp_path, "leaf.pem", with_extension(x509.BasicConstraints(False, None),
                                                          subject=subject))
    shown = facts(path)
    pattern = expected[3:] if expected.startswith("re:") else re.escape(expected)
    assert re.fullmatch(pattern, shown["Subject"][0]) and shown["Issuer"] == shown["Subject"]
    assert len(shown["Subject"]) == 1 and len(shown["Issuer"]) == 1
    assert json.loads(read(path))["serialNumber"] == "7"


def test_a_name_that_is_not_utf8(tmp_path):
    der = pki.der(pki.make("quite unique name"))
    path = pki.write(tmp_path, "leaf.pem", as_pem(der.replace(b"unique", b"uniqu\xff")))
    for form in ("json", "text"):
        assert_fails(run("read-certificate-data", "--certificate", path, "--format", form), 2,
                     "damaged certificate")


REQUIREMENTS = [
    ({"not_before": pki.NOW - 9 * DAY, "not_after": pki.NOW - 3 * DAY},
     "the validity of CN=x ended"),
    ({"not_before": pki.NOW + 3 * DAY}, "the validity of CN=x starts"),
    ({"ca": True, "usage": ("digital_signature",)}, "basicConstraints of CN=x says CA:TRUE"),
    ({"usage": ()}, "keyUsage of CN=x is missing (digitalSignature)"),
    ({"usage": ("key_encipherment",)}, "keyUsage of CN=x lacks digitalSignature"),
    ({"hash_name": "SHA1", "key_kind": "rsa2048"}, "the signature of CN=x uses "),
    ({"key_kind": "ed25519"}, "the key of CN=x is of the kind ED25519, not RSA, EC or ML-DSA"),
]


@pytest.mark.parametrize("options,clause", REQUIREMENTS, ids=lambda v: v if isinstance(v, str) else "")
def test_each_requirement(tmp_path, identity, options, clause):
    leaf = identity.intermediate.issue("x", **options)
    shown = facts(pki.write(tmp_path, "x.pem", pki.pem(leaf, identity.intermediate)))
    assert shown["Requirements"] == ["1 not met"] and len(shown["Fails"]) == 1
    assert shown["Fails"][0].startswith(clause), shown
    assert shown["Chain"] == ["CN=Test Intermediate (29 days left)"]


def test_the_requirements_of_the_chain(tmp_path, identity):
    between = identity.root.issue("between", ca=True, usage=("crl_sign",),
                                  not_before=pki.NOW - 9 * DAY, not_after=pki.NOW - 3 * DAY)
    shown = facts(pki.write(tmp_path, "x.pem", pki.pem(between.issue("x"), between)))
    assert shown["Chain"] == ["CN=between (expired 3 days ago)"]
    assert shown["Requirements"] == ["2 not met"]
    assert shown["Fails"][0] == "keyUsage of CN=between lacks keyCertSign"
    assert shown["Fails"][1].startswith("the validity of CN=between ended")


@pytest.fixture(scope="module", name="example")
def example_directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("example") / "pki"
    assert make_example(directory).returncode == 0
    return directory


@pytest.mark.parametrize("name,fails", [
    ("rsa2048", None), ("p256", None), ("rsa2048-chain", None), ("revoked", None),
    ("other-ca", None), ("expired", "ended at 2021"), ("not-yet-valid", "starts at"),
    ("no-digital-signature", "lacks digitalSignature"), ("sha1", "SHA-?1|sha1"),
    ("ca-true", "CA:TRUE"), ("localhost", None), ("root", "CA:TRUE"),
    ("intermediate", "CA:TRUE")])
def test_the_example_pki(example, name, fails):
    path = example / f"{name}.pem"
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    data = json.loads(read(path))
    assert data["serialNumber"] == str(certificate.serial_number)
    assert base64.b64decode(data["certificateData"]) == certificate.public_bytes(
        serialization.Encoding.DER)
    shown = facts(path)
    assert shown["Subject"] == [certificate.subject.rfc4514_string()]
    if fails is None:
        assert "Fails" not in shown and shown["Requirements"][0].startswith("met")
    else:
        assert any(re.search(fails, clause) for clause in shown["Fails"]), shown
