"""Names of tokens, keys and certificates as people have them: with blanks, from a directory service,
and copied out of other programs' output."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from support import pki
from support.process import assert_credentials, assert_fails, run, session
from support.tokens import PIN, SoftHsm

SERIAL = 0x2a000539a0855247927c658f440000000539a0
RFC2253 = "emailAddress=jane@example.org,CN=Doe Jane,OU=BG,OU=Users,DC=example,DC=global"


@pytest.fixture(scope="module")
def tokens(identity, tmp_path_factory):
    """Token "My Token" holds the identity "My key" of a directory service, and another one."""
    hsm = SoftHsm(tmp_path_factory.mktemp("hsm"))
    hsm.token("My Token")
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in (
        (NameOID.DOMAIN_COMPONENT, "global"), (NameOID.DOMAIN_COMPONENT, "example"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Users"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "BG"),
        (NameOID.COMMON_NAME, "Doe Jane"), (NameOID.EMAIL_ADDRESS, "jane@example.org"))])
    for leaf, label, key_id in (
            (identity.intermediate.issue("Doe Jane", subject=subject, serial=SERIAL), "My key", "01"),
            (identity.intermediate.issue("other"), "other", "02")):
        hsm.put("My Token", leaf, label, key_id)
        hsm.put("My Token", leaf.key, label, key_id)
    hsm.put("My Token", identity.intermediate, "issuer")
    return hsm


def asked(tokens, emulator, *flags, env=None):
    return session(emulator, flags, env={**tokens.env, "ROLECALL_PIN": PIN, **(env or {})},
                   start_new_session=True)


@pytest.mark.parametrize("uri", [
    "pkcs11:token=My Token;object=My key", "pkcs11:token=My%20Token;object=My%20key",
    "pkcs11:token=My Token; object=My key", " pkcs11:token=My Token;\n  object=My key\n",
    "pkcs11:object=My key;type=cert;id=%01"])
def test_blanks_in_uris(tokens, emulator, uri):
    result = asked(tokens, emulator, "--certificate", uri)
    assert_credentials(result)
    assert result.err == "", result


def test_blanks_in_the_uri_of_a_key_and_in_its_pin(identity, emulator, tmp_path):
    hsm = SoftHsm(tmp_path)
    hsm.token("a  b", "12 zq")
    hsm.put("a  b", identity.leaf.key, "k  1", pin="12 zq")
    file = pki.write(tmp_path, "leaf.pem", pki.pem(identity.leaf, identity.intermediate))
    result = asked(hsm, emulator, "--certificate", file, "--private-key",
                   "pkcs11:token=a  b;object=k  1?pin-value=12 zq")
    assert_credentials(result)
    absent = asked(hsm, emulator, "--certificate", file, "--private-key",
                   "pkcs11:token=no such?pin-value=12 zq")
    assert_fails(absent, 3, "no token matches pkcs11:token=no%20such", "token=a%20%20b")
    assert "zq" not in absent.out + "".join(absent.errors) + absent.hint, absent


SUBJECTS = {
    "RFC 2253": RFC2253,
    "OpenSSL": "DC = global, DC = example, OU = Users, OU = BG, CN = Doe Jane, "
               "emailAddress = jane@example.org",
    "Windows": "E=jane@example.org, CN=Doe Jane, OU=BG, OU=Users, DC=example, DC=global",
    "the official helper": "CN=Doe Jane,OU=Users+OU=BG,1.2.840.113549.1.9.1="
                           "#16106a616e65406578616d706c652e6f7267,0.9.2342.19200300.100.1.25="
                           "#16076578616d706c65,0.9.2342.19200300.100.1.25=#1606676c6f62616c",
}


@pytest.mark.parametrize("form", SUBJECTS)
def test_selectors_in_the_forms_of_other_programs(tokens, emulator, form):
    assert_credentials(asked(tokens, emulator, "--cert-selector",
                             f"Key=x509Subject,Value={SUBJECTS[form]}"))


@pytest.mark.parametrize("serial", [
    "2A000539A0855247927C658F440000000539A0", "2a:00:05:39:a0:85:52:47:92:7c:65:8f:44:00:00:00:05:39:a0",
    "0x2a000539a0855247927c658f440000000539a0", "2A 00 05 39 A0 85 52 47 92 7C 65 8F 44 00 00 00 05 39 A0"])
def test_serials_in_the_forms_of_other_programs(tokens, emulator, serial):
    assert_credentials(asked(tokens, emulator, "--cert-selector", f"Key=x509Serial,Value={serial}"))


def test_the_listing_is_a_selector(tokens, emulator):
    listed = run("read-certificate-data", "--certificate", "pkcs11:object=My key", env=tokens.env)
    lines = dict(line.strip().split(": ", 1) for line in listed.out.splitlines() if ": " in line)
    assert lines["Subject"] == RFC2253, listed
    assert_credentials(asked(tokens, emulator, "--cert-selector", (
        f"Key=x509Subject,Value={lines['Subject']} Key=x509Issuer,Value={lines['Issuer']} "
        f"Key=x509Serial,Value={lines['Serial Number']}")))


def test_what_is_there_is_named_where_nothing_matches(tokens, emulator):
    wanted = "Key=x509Subject,Value=CN=Jane Doe"
    there = [f"Key=x509Subject,Value={RFC2253} Key=x509Issuer,Value=CN=Test Intermediate "
             f"Key=x509Serial,Value={SERIAL:X}", "Key=x509Subject,Value=CN=other "]
    result = asked(tokens, emulator, "--cert-selector", wanted)
    assert_fails(result, 2, "no certificate on a token matches --cert-selector " + wanted)
    listed = run("read-certificate-data", "--cert-selector", wanted, env=tokens.env)
    assert (listed.code, listed.out, len(listed.warnings)) == (0, "No matching identities\n", 1), listed
    for text in there:
        assert text in result.hint and text in listed.err, (result, listed)
    # What is printed works when it is pasted.
    for text in result.hint[result.hint.index("Key="):].split(" | "):
        assert_credentials(asked(tokens, emulator, "--cert-selector", text))
