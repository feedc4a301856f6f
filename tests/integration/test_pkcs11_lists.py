"""What read-certificate-data and bindings list of the certificates on PKCS#11 tokens."""

import re

from cryptography.hazmat.primitives import hashes
from support import pki
from support.pkcs11 import KINDS, asked, by_itself
from support.process import ARNS, assert_credentials
from support.tokens import MODULE, PIN, SoftHsm


def listed(leaf, number, uri):
    certificate = leaf.certificate
    return (f"{number}) Hex Fingerprint: {certificate.fingerprint(hashes.SHA1()).hex()}\n"
            f"\tSubject: {certificate.subject.rfc4514_string()}\n"
            f"\tIssuer: {certificate.issuer.rfc4514_string()}\n"
            f"\tSerial Number: {certificate.serial_number:X}\n\tURI: {uri}\n")


def test_list_of_one(hsm):
    for flags in (["--certificate", "pkcs11:token=app;object=p521"],
                  ["--cert-selector", "Key=x509Subject,Value=CN=on token p521"],
                  ["--cert-selector", "Key=x509Issuer,Value=CN=Test Intermediate "
                   f"Key=x509Serial,Value={hsm.leaves['p521'].certificate.serial_number:x}"]):
        result = by_itself(hsm, "read-certificate-data", *flags)
        uri = result.out.rsplit("URI: ", 1)[-1].strip()
        assert result.out == "Matching identities\n" + listed(hsm.leaves["p521"], 1, uri), result
        assert uri.startswith("pkcs11:") and uri.endswith(
            ";token=app;id=%04;object=p521;type=cert"), uri
        assert result.err == "", result
        again = by_itself(hsm, "read-certificate-data", "--certificate", uri)
        assert again.out == result.out


def test_list_of_all_and_of_none(hsm):
    result = by_itself(hsm, "read-certificate-data", "--certificate", "pkcs11:")
    for kind in KINDS:
        assert f"Subject: CN=on token {kind}\n" in result.out, result
    numbers = [line.split(")")[0] for line in result.out.splitlines() if ") Hex" in line]
    assert numbers == [str(n + 1) for n in range(len(numbers))]
    for flags in (["--certificate", "pkcs11:token=none"], ["--certificate", "pkcs11:object=none"]):
        result = by_itself(hsm, "read-certificate-data", *flags)
        assert (result.code, result.out, result.err) == (0, "No matching identities\n", ""), result


def test_view_of_a_certificate_on_a_token(hsm):
    result = by_itself(hsm, "read-certificate-data", "--format", "text", "--certificate",
                       "pkcs11:token=app;object=p256")
    assert result.code == 0, result
    lines = result.out.splitlines()
    assert "Subject:       CN=on token p256" in lines
    assert "Chain:         CN=Test Intermediate (29 days left)" in lines
    assert lines[-1].startswith("URI:           pkcs11:model=")
    assert "Not in chain" not in result.out


def test_a_hidden_certificate(identity, tmp_path, emulator):
    """Found where the URI gives the PIN, as it is hidden without."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    leaf = identity.intermediate.issue("hidden", private_key=pki.key("p256", "hidden"))
    path = pki.write(tmp_path, "hidden.pem", pki.pem(leaf))
    tokens.sh("eval", f"GNUTLS_PIN={PIN} p11tool --provider {MODULE} --batch --login --write "
              f"--load-certificate {path} --label hidden --id 01 --mark-private pkcs11:token=t")
    tokens.put("t", leaf.key, "hidden", "01")
    uri = "pkcs11:token=t;object=hidden"
    assert by_itself(tokens, "read-certificate-data", "--certificate",
                     uri).out == "No matching identities\n"
    shown = by_itself(tokens, "read-certificate-data", "--certificate", f"{uri}?pin-value={PIN}")
    assert "Subject: CN=hidden\n" in shown.out
    chain = pki.write(tmp_path, "chain.pem", pki.pem(identity.intermediate))
    assert_credentials(asked(tokens, emulator, ["--certificate", f"{uri}?pin-value={PIN}",
                                                "--intermediates", chain]))


def test_the_list_of_bindings(hsm, tmp_path):
    """It shows what is to be seen without a person, and no PIN."""
    lines = [f'trust-anchor-arn = "{ARNS[ARNS.index("--trust-anchor-arn") + 1]}"',
             f'profile-arn = "{ARNS[ARNS.index("--profile-arn") + 1]}"',
             f'role-arn = "{ARNS[ARNS.index("--role-arn") + 1]}"']
    uris = {"seen": "pkcs11:token=app;object=p256?pin-value=4711",
            "absent": "pkcs11:token=app;object=none", "elsewhere": "pkcs11:token=none?pin-value=4711",
            "bad": "pkcs11:nonsense?pin-value=4711", "path": "PKCS11:token=app;object=p256;pin-value=4711"}
    for name, uri in uris.items():
        lines += [f"[binding.{name}]", f'certificate = "{uri}"']
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    result = by_itself(hsm, "bindings", "--config", path)
    assert result.code == 0 and "4711" not in result.out + result.err, result
    rows = {line.split()[0]: line for line in result.out.splitlines()}
    for name in ("seen", "path"):
        assert re.search(r"\(\d+ days\).*CN=on token p256$", rows[name]), result
    assert rows["absent"].endswith("(on a token)") and rows["elsewhere"].endswith("(on a token)")
    assert "is not a PKCS#11 URI" in rows["bad"], result
