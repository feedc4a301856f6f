"""read-certificate-data, sign-string, version and --cert-selector, byte for byte."""

import base64
import datetime
import hashlib
import ipaddress
import json
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID, ObjectIdentifier
from support import pki
from support.process import ARNS, BINARY, assert_fails, environment, needs_shared_build, run
from test_certs_example import make as make_example

RSA = ["rsa2048", "rsa3072"]
EC = ["p256", "p384", "p521"]
DIGESTS = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}


def output(*arguments, **options):
    """Standard output as bytes, of a run that ends well and says nothing else."""
    done = subprocess.run([BINARY, *map(str, arguments)], env=environment(), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False, **options)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout


def read(path, *more):
    return output("read-certificate-data", "--certificate", path, *more)


def facts(path):
    """The view as {name: [values]}, after a look at its shape."""
    text = read(path, "--format", "text").decode()
    assert text.endswith("\n")
    result = {}
    for line in text[:-1].split("\n"):
        assert line.isprintable(), repr(line)
        name, value = re.fullmatch(r"([A-Z][A-Za-z0-9 -]*):( +)(.+)", line).group(1, 3)
        assert line.index(value, len(name) + 1) == 15, line
        result.setdefault(name, []).append(value)
    return result


def expected_data(certificate, kind):
    """Written out, so that no JSON library decides on spaces or order."""
    return (f'{{"keyType":"{kind}","certificateData":"'
            f'{base64.b64encode(pki.der(certificate)).decode()}","serialNumber":"'
            f'{certificate.certificate.serial_number}","supportedAlgorithms":'
            f'["{kind}SHA256","{kind}SHA384","{kind}SHA512"]}}').encode()


# read-certificate-data, as programs read it

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


def as_pem(der):
    return (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der)
            + b"-----END CERTIFICATE-----\n")


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
    assert_fails(result, 2, f"{name}, neither RSA nor EC", hint="--format text")
    shown = facts(path)
    assert shown["Key"] == [name]
    assert shown["Fails"] == [f"the key of CN=leaf is of the kind {name}, neither RSA nor EC"]


# read-certificate-data, as people read it

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


DAY = datetime.timedelta(days=1)
REQUIREMENTS = [
    ({"not_before": pki.NOW - 9 * DAY, "not_after": pki.NOW - 3 * DAY},
     "the validity of CN=x ended"),
    ({"not_before": pki.NOW + 3 * DAY}, "the validity of CN=x starts"),
    ({"ca": True, "usage": ("digital_signature",)}, "basicConstraints of CN=x says CA:TRUE"),
    ({"usage": ()}, "keyUsage of CN=x is missing (digitalSignature)"),
    ({"usage": ("key_encipherment",)}, "keyUsage of CN=x lacks digitalSignature"),
    ({"hash_name": "SHA1", "key_kind": "rsa2048"}, "the signature of CN=x uses "),
    ({"key_kind": "ed25519"}, "the key of CN=x is of the kind ED25519, neither RSA nor EC"),
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


@pytest.mark.parametrize("content,pattern", [
    (b"", "is empty"), (b"nothing", "PEM"), (b"\x30\x82\x01\x00\x02", "DER|binary|PEM"),
    (pki.key_pem(pki.key("p256")), "holds no certificate"),
    (as_pem(b"\x30\x03\x02\x01\x01"), "damaged certificate"),
    (b"-----BEGIN CERTIFICATE-----\nMII", "damaged|PEM|END")])
@pytest.mark.parametrize("form", ["json", "text"])
def test_files_that_hold_none(tmp_path, content, pattern, form):
    path = pki.write(tmp_path, "bad.pem", content)
    assert_fails(run("read-certificate-data", "--certificate", path, "--format", form), 2, pattern)


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
          pattern="exclude each other")


def test_uris_that_name_nothing():
    needs_shared_build("PKCS#11")

    def fails(*flags, **expected):
        assert_fails(run(*flags), 2, **expected)

    fails("read-certificate-data", "--certificate", "pkcs11:nonsense", pattern="not a PKCS#11 URI",
          hint="pkcs11:token=")
    fails("read-certificate-data", "--certificate", "pkcs11:", "--pkcs11-lib", "/x.so",
          pattern="/x.so is not loaded")
    fails("sign-string", "--private-key", "pkcs11:nonsense", pattern="not a PKCS#11 URI")


def test_debug_changes_nothing_on_stdout(identity):
    for command in (["read-certificate-data", "--certificate", identity.certificate],
                    ["sign-string", "--private-key", identity.key, "--digest", "SHA384"]):
        result = run(*command, "--debug")
        assert result.code == 0 and "rolecall: debug: " in result.err
        assert "PRIVATE" not in result.err
    assert run("read-certificate-data", "--certificate", identity.certificate,
               "--debug").out.encode() == read(identity.certificate)


# --cert-selector

SELECTOR_COMMANDS = [["read-certificate-data"], ["sign-string"], ["credential-process", *ARNS]]


@pytest.mark.parametrize("command", SELECTOR_COMMANDS, ids=lambda c: c[0])
def test_selectors(tmp_path, command):
    def fails(selector, pattern):
        return assert_fails(run(*command, "--cert-selector", selector), 2, pattern)

    bad = tmp_path / "bad.json"
    bad.write_text('{"Key": "x509Subject"}')
    for selector, pattern in [
            ("", "is empty"), ("CN=a", "does not start with Key="),
            ("Key=x509Subject,Value=CN=a Key=x509Subject,Value=CN=b", "x509Subject is given twice"),
            ("Key=x509Name,Value=CN=a", "no key \"x509Name\""),
            ("rest Key=x509Subject,Value=CN=a", "does not start"),
            ("Key=x509Serial,Value=xyz", "not hex"), ("Key=x509Issuer,Value=/CN=a", "RFC 2253"),
            (f"file://{bad}", "not a JSON list"), ("file:///none.json", "No such file")]:
        fails(selector, pattern)


def test_a_selector_without_quotes_around_it():
    result = run("read-certificate-data", "--cert-selector", "Key=x509Subject,Value=CN=a",
                 "Key=x509Issuer,Value=CN=b")
    assert_fails(result, 2, "unexpected argument", hint="quotes")


# sign-string

def fixed_text(public_key):
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        data = public_key.public_bytes(serialization.Encoding.X962,
                                       serialization.PublicFormat.UncompressedPoint)
    else:
        data = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return (b"AWS Roles Anywhere Credential Helper Signing Test1"
            + hashlib.sha256(b"IAM RA" + data).digest())


def sign(key_file, *more):
    return output("sign-string", "--private-key", key_file, *more)


def openssl_verifies(tmp_path, public_key, digest, signature):
    for file, content in (("sig", signature), ("text", fixed_text(public_key)),
                          ("pub", public_key.public_bytes(
                              serialization.Encoding.PEM,
                              serialization.PublicFormat.SubjectPublicKeyInfo))):
        (tmp_path / file).write_bytes(content)
    done = subprocess.run(["openssl", "dgst", f"-{digest.lower()}", "-verify", "pub", "-signature",
                           "sig", "text"], cwd=tmp_path, env=environment(), capture_output=True,
                          check=False)
    return done.returncode == 0


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
    assert_fails(result, 2, "does not match", hint="same request")


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


def test_certificate_on_standard_input(tmp_path, identity):
    with open(identity.certificate, "rb") as certificate:
        done = subprocess.run([BINARY, "read-certificate-data", "--certificate", "-"],
                              stdin=certificate, env=environment(), capture_output=True,
                              check=True)
    assert done.stdout == read(identity.certificate)


def test_wrong_flags_of_sign_string(identity, tmp_path):
    def fails(*flags, **expected):
        return assert_fails(run("sign-string", *flags), 2, **expected)

    key = ["--private-key", identity.key]
    fails(pattern="missing: --private-key", hint="--help")
    fails("--certificate", identity.certificate, pattern="missing: --private-key")
    fails("--private-key", tmp_path / "none.key", pattern="No such file", hint="path")
    fails("--private-key", identity.certificate, pattern="holds no private key")
    fails(*key, "--digest", "SHA1", pattern="SHA256, SHA384 or SHA512, not \"SHA1\"")
    fails(*key, "--digest", "sha256", pattern="not \"sha256\"", hint="case")
    fails(*key, "--format", "hex", pattern="json, text or bin")
    fails(*key, "text to sign", pattern="unexpected argument")
    for one, other in (("--tpm-key-password", "--password-source"),
                       ("--pkcs8-password", "--password-source")):
        assert "hunter2" not in fails(*key, one, "hunter2", other, "file:x",
                                      pattern="exclude each other").err
    fails(*key, "--tpm-key-password", "x", "--no-tpm-key-password", pattern="exclude each other")


def test_an_open_key_file_is_warned_of(tmp_path):
    path = tmp_path / "a.key"
    path.write_bytes(pki.key_pem(pki.key("p256")))
    path.chmod(0o644)
    result = run("sign-string", "--private-key", path)
    assert result.code == 0 and len(result.warnings) == 1 and "0644" in result.err, result


# version

def test_version(tmp_path):
    assert re.fullmatch(rb"\d+\.\d+\.\d+\n", output("version"))
    assert output("--version") == output("version")
    assert_fails(run("version", "x"), 2, "unexpected argument")


@pytest.mark.parametrize("command", [["version"], ["read-certificate-data"], ["sign-string"]])
def test_a_full_disk(identity, command):
    flags = {"read-certificate-data": ["--certificate", identity.certificate],
             "sign-string": ["--private-key", identity.key]}.get(command[0], [])
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = run(*command, *flags, stdout=full)
    assert result.code == 1 and "No space left" in result.err, result
