"""Command lines of `rolecall emulate`, the files they name, and standard output."""

import subprocess

import pytest
from support import pki
from support.process import BINARY, assert_fails, environment, run


def files(tmp_path, identity):
    other = pki.make("other")
    return {
        "missing": str(tmp_path / "missing.pem"),
        "directory": str(tmp_path),
        "empty": pki.write(tmp_path, "empty.pem", b""),
        "text": pki.write(tmp_path, "text.pem", b"hello\n"),
        "der": pki.write(tmp_path, "der.pem", pki.der(identity.root)),
        "leaf": identity.certificate,
        "key": pki.write(tmp_path, "other.key", pki.key_pem(other.key)),
        "encrypted": pki.write(tmp_path, "encrypted.key", pki.key_pem(other.key, password=b"x")),
        "crl": pki.write(tmp_path, "good.crl", pki.crl(identity.root)),
        "root": identity.root_file,
        "broken": pki.write(tmp_path, "broken.pem",
                            pki.pem(identity.root).replace(b"\nM", b"\n!", 1)),
    }


@pytest.mark.parametrize("flags, pattern", [
    ("", "missing: --trust-anchor"),
    ("--trust-anchor missing", "No such file"),
    ("--trust-anchor directory", "is a directory"),
    ("--trust-anchor empty", "is empty"),
    ("--trust-anchor text", "contains no certificate"),
    ("--trust-anchor der", "DER"),
    ("--trust-anchor broken", "cannot be read"),
    ("--trust-anchor leaf", "has no basicConstraints with CA:TRUE"),
    ("--trust-anchor key", "contains no certificate"),
    ("--trust-anchor root --crl root", "contains no certificate revocation list"),
    ("--trust-anchor root --crl missing", "CRL file"),
    ("--trust-anchor root --tls-cert root", "--tls-key"),
    ("--trust-anchor root --tls-key key", "--tls-cert"),
    ("--trust-anchor root --tls-cert root --tls-key key", "does not match"),
    ("--trust-anchor root --tls-cert root --tls-key encrypted", "is encrypted"),
    ("--trust-anchor root --tls-cert root --tls-key crl", "no private key"),
    ("--trust-anchor root --tls-cert key --tls-key key", "no certificate"),
    ("--trust-anchor root --address 0.0.0.0", "--allow-remote"),
    ("--trust-anchor root --address ::", "--allow-remote"),
    ("--trust-anchor root --address 128.0.0.1", "--allow-remote"),
    ("--trust-anchor root --address localhost", "127.0.0.1"),
    ("--trust-anchor root --address 127.0.0.300 --allow-remote", "not an IP address"),
    ("--trust-anchor root --port 65536", "--port"),
    ("--trust-anchor root --port x", "--port"),
    ("--trust-anchor root --session-duration-max 0", "--session-duration-max"),
    ("--trust-anchor root --session-duration-max 43201", "--session-duration-max"),
    ("--trust-anchor root --role-arn demo", "not the ARN of a role"),
    ("--trust-anchor root --fault nonsense", "truncated"),
    ("--trust-anchor root --fault 500:0", "count"),
    ("--trust-anchor root --fault 200", "300 to 599"),
    ("--trust-anchor root --fault", "--fault"),
    ("--trust-anchor root stray", "stray"),
    ("--trust-anchor root --unknown", "--unknown"),
])
def test_bad_command_lines(tmp_path, identity, flags, pattern):
    names = files(tmp_path, identity)
    result = run("emulate", *(names.get(word, word) for word in flags.split()), timeout=20)
    assert_fails(result, 2, pattern)


def test_an_encrypted_block_asks_nobody(tmp_path, identity):
    text = open(identity.root_file).read().replace(
        "CERTIFICATE-----\n", "CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1)
    (tmp_path / "root.pem").write_text(text)
    done = subprocess.run([BINARY, "emulate", "--trust-anchor", tmp_path / "root.pem"],
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == 2 and b"pass phrase" not in done.stderr


def test_help_ends_with_an_example():
    result = run("emulate", "--help")
    assert result.code == 0 and result.err == ""
    for flag in ("--trust-anchor", "--crl", "--role-arn", "--session-duration-max", "--fault",
                 "--accept-role-session-name", "--address", "--port", "--allow-remote",
                 "--tls-cert", "--tls-key", "--log"):
        assert flag in result.out
    assert "Examples:\n  rolecall emulate " in result.out


def test_standard_output_that_nobody_reads(identity):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([BINARY, "emulate", "--trust-anchor", identity.root_file],
                              stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=20,
                              check=False)
    assert done.returncode == 1 and b"rolecall: error: " in done.stderr
