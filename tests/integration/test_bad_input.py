"""Files, ARNs and flags that cannot work: refused with exit code 2 before anything is sent."""

import base64
import os
import shutil
import subprocess
import tempfile

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from support import pki
from support import verifier as v
from support.process import (ANCHOR_ARN, ARNS, BINARY, PROFILE_ARN, ROLE_ARN, assert_credentials,
                             assert_fails, credential_process, is_static, run, session)
from support.verifier import Verifier

PASSWORD = b"correct horse battery"


@pytest.fixture(scope="module", name="silent")
def silent_server():
    """Nothing may ever connect to it."""
    with Verifier() as verifier:
        yield verifier
    assert verifier.connections == 0


def block(label, content):
    return (b"-----BEGIN " + label + b"-----\n" + base64.encodebytes(content)
            + b"-----END " + label + b"-----\n")


def der_of(text):
    return base64.b64decode(b"".join(text.splitlines()[1:-1]))


# Files that are neither a certificate nor a key: content of the file, a part of the message.
NEITHER = {
    "empty": (lambda i: b"", "empty"),
    "white space": (lambda i: b" \n\t\n", "PEM"),
    "text": (lambda i: b"hello\n", "PEM"),
    "binary junk": (lambda i: bytes(range(256)) * 20, "PEM"),
    "a lying DER length": (lambda i: b"\x30\xff\x01\x02\x03", ""),
    "zeros": (lambda i: bytes(5000), "PEM"),
    "NUL bytes before": (lambda i: b"\0\0\0" + pki.pem(i.leaf), ""),
    "20 MB": (lambda i: b"x" * 20_000_000, "larg"),
    "20 MB of line feeds": (lambda i: b"\n" * 20_000_000, "larg"),
    "BEGIN alone": (lambda i: b"-----BEGIN CERTIFICATE-----\n", ""),
    "empty block": (lambda i: block(b"CERTIFICATE", b"") + block(b"PRIVATE KEY", b""), ""),
    "another label": (lambda i: block(b"X", b"y"), "no (certificate|private key)|X"),
    "public key": (lambda i: i.leaf.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "PUBLIC KEY|no (certificate|private key)"),
    "CRL": (lambda i: pki.crl(i.intermediate), "CRL|no (certificate|private key)"),
    "no base64": (lambda i: b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", ""),
    "labels that differ": (lambda i: pki.pem(i.leaf).replace(b"END CERT", b"END SERT"), ""),
    "PKCS#12, cut off": (lambda i: pkcs12.serialize_key_and_certificates(
        b"x", i.leaf.key, i.leaf.certificate, None, serialization.NoEncryption())[:-9], "PKCS"),
}


# A PKCS#12 file is both, where it is the certificate.
@pytest.mark.parametrize("name,flag", [
    (name, flag) for flag in ("--certificate", "--private-key", "--intermediates")
    for name in NEITHER if (name, flag) != ("PKCS#12", "--certificate")])
def test_neither_certificate_nor_key(identity, silent, tmp_path, name, flag):
    make, pattern = NEITHER[name]
    path = pki.write(tmp_path, "file", make(identity))
    flags = [*identity.flags, "--intermediates", identity.certificate]
    flags[flags.index(flag) + 1] = path
    result = assert_fails(session(silent, flags), 2, pattern)
    assert path in result.err, result
    assert len(result.err) < 1500, result


CERTIFICATES = {
    "truncated": (lambda i: pki.pem(i.leaf)[:300], ""),
    "truncated at a line's end": (lambda i: b"".join(pki.pem(i.leaf).splitlines(True)[:5]), ""),
    "second one truncated": (lambda i: pki.pem(i.leaf, i.intermediate)[:-60], ""),
    "DER": (lambda i: pki.der(i.leaf), "DER"),
    "key": (lambda i: pki.key_pem(i.leaf.key), "no certificate"),
    "junk in the block": (lambda i: block(b"CERTIFICATE", b"junk" * 50), ""),
    "flipped length": (lambda i: block(b"CERTIFICATE", b"\x30\x83" + pki.der(i.leaf)[2:]), ""),
    "half the DER": (lambda i: block(b"CERTIFICATE", pki.der(i.leaf)[:200]), ""),
    "another's": (lambda i: pki.pem(i.intermediate.issue("somebody else")), "does not match"),
    "request": (lambda i: block(b"CERTIFICATE REQUEST", b"0000"), "no certificate|REQUEST"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_bad_certificates(identity, silent, tmp_path, name):
    make, pattern = CERTIFICATES[name]
    path = pki.write(tmp_path, "leaf.pem", make(identity))
    result = session(silent, ["--certificate", path, "--private-key", identity.key])
    assert_fails(result, 2, pattern)
    assert path in result.err, result


def traditional_encrypted(private_key):
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(PASSWORD))


KEYS = {
    "truncated": (lambda i: pki.key_pem(i.leaf.key)[:120], ""),
    "DER": (lambda i: pki.key_der(i.leaf.key), "DER"),
    "certificate": (lambda i: pki.pem(i.leaf), "no private key"),
    "junk in the block": (lambda i: block(b"PRIVATE KEY", b"junk" * 30), ""),
    "junk in PKCS#1": (lambda i: block(b"RSA PRIVATE KEY", b"\x30\x03\x02\x01\x00"), ""),
    "SEC1 labelled PKCS#1": (lambda i: block(
        b"RSA PRIVATE KEY", der_of(pki.key_pem(i.leaf.key, "traditional"))), ""),
    "encrypted PKCS#8": (lambda i: pki.key_pem(i.leaf.key, password=PASSWORD), "encrypted"),
    "encrypted, traditional": (lambda i: traditional_encrypted(i.leaf.key), "encrypted"),
    "encrypted RSA, traditional": (lambda i: traditional_encrypted(pki.key("rsa2048")),
                                   "encrypted"),
    "OpenSSH": (lambda i: block(b"OPENSSH PRIVATE KEY", b"openssh-key-v1"), "OpenSSH"),
    "two keys": (lambda i: pki.key_pem(i.leaf.key) + pki.key_pem(pki.key("p256", "second")),
                 "more than one|two|several"),
    "another's": (lambda i: pki.key_pem(pki.key("p256", "somebody else")), "does not match"),
    "another kind": (lambda i: pki.key_pem(pki.key("rsa2048")), "does not match"),
    "another curve": (lambda i: pki.key_pem(pki.key("p384")), "does not match"),
}


@pytest.mark.parametrize("name", KEYS)
def test_bad_keys(identity, silent, tmp_path, name):
    make, pattern = KEYS[name]
    content = make(identity)
    path = pki.write(tmp_path, "leaf.key", content)
    # In a session of its own: where there is a terminal, it would be asked for a password.
    result = session(silent, ["--certificate", identity.certificate, "--private-key", path],
                     start_new_session=True)
    assert_fails(result, 2, pattern)
    assert path in result.err, result
    for line in content.splitlines():
        if len(line) > 20 and not line.startswith(b"-----"):
            assert line.decode("latin-1") not in result.err, result


@pytest.mark.parametrize("kind,pattern", [
    ("ed25519", "ed25519"), ("secp256k1", "secp256k1"), ("p224", "224"), ("rsa1024", "1024"),
    ("rsa16384", "16384"), ("dsa", "dsa")])
def test_kinds_that_are_not_supported(identity, silent, tmp_path, kind, pattern):
    leaf = identity.intermediate.issue("leaf", private_key=pki.key(kind))
    assert_fails(session(silent, pki.write_identity(tmp_path, leaf)), 2, pattern, hint="P-256|RSA")


def test_directory_as_file(identity, silent, tmp_path):
    for flag in ("--certificate", "--private-key", "--intermediates"):
        flags = [*identity.flags, "--intermediates", identity.certificate]
        flags[flags.index(flag) + 1] = tmp_path
        assert_fails(session(silent, flags), 2, "directory")


@pytest.mark.parametrize("path,pattern", [
    ("/nonexistent/leaf", "No such file"), ("~/leaf", "~"), ("/dev/null", "regular"),
    ("/dev/zero", "regular"), ("/etc/hostname/x", "Not a directory"),
    ("/proc/self/environ", "PEM|empty"), ("x" * 300, "too long"), ("/" + "y/" * 3000, "too long")])
@pytest.mark.parametrize("flag", ["--certificate", "--private-key", "--intermediates"])
def test_odd_paths(identity, silent, path, pattern, flag):
    flags = [*identity.flags, "--intermediates", identity.certificate]
    flags[flags.index(flag) + 1] = path
    assert_fails(session(silent, flags), 2, pattern)


def test_link_that_leads_nowhere_and_loop(identity, silent, tmp_path):
    for name, target, pattern in [("loop", "loop", "symbolic"), ("broken", "nowhere", "No such")]:
        link = tmp_path / name
        link.symlink_to(target)
        assert_fails(session(silent, ["--certificate", link, "--private-key", identity.key]), 2,
                     pattern)


def test_fifo_that_nobody_writes_to(identity, silent, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    result = session(silent, ["--certificate", pipe, "--private-key", identity.key], timeout=20)
    assert_fails(result, 2, "no data came from", hint="pipe")


def test_fifo_whose_writer_comes_later(identity, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    writer = subprocess.Popen(["sh", "-c", f'sleep 0.5; cat "{identity.key}" >"{pipe}"'])
    with Verifier(v.ok()) as verifier:
        result = session(verifier, ["--certificate", identity.flags[1], "--private-key", pipe])
    writer.wait(10)
    assert_credentials(result)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("flag", ["--certificate", "--private-key"])
def test_no_permission(identity, silent, tmp_path, flag):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # The directories of pytest, and perhaps the program's, are closed to others on the way down.
    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as directory:
        os.chmod(directory, 0o755)
        binary = shutil.copy(BINARY, directory)
        paths = {}
        for name, source in zip(("--certificate", "--private-key"), identity.flags[1::2]):
            paths[name] = shutil.copy(source, directory)
            os.chmod(paths[name], 0o600 if name == flag else 0o644)
        flags = [part for item in paths.items() for part in item]
        result = session(silent, flags, prefix=nobody, binary=binary)
        assert_fails(result, 2, "Permission denied", hint="user|owner|read")


@pytest.mark.parametrize("uri", ["pkcs11:token=rolecall-none;object=x?pin-value=hunter2hunter2",
                                 "pkcs11:nonsense?pin-value=hunter2hunter2",
                                 "pkcs11:token=%zz?pin-value=hunter2hunter2",
                                 "pkcs11:token=rolecall-none;pin-value=hunter2hunter2",
                                 "PKCS11:token=rolecall-none?pin-value=hunter2hunter2",
                                 " pkcs11:nonsense;pin-value=hunter2hunter2",
                                 "pkcs11:pin-value=hunter2hunter2;nonsense"])
@pytest.mark.parametrize("flag", ["--certificate", "--private-key"])
def test_pin_in_a_uri_is_not_repeated(identity, silent, flag, uri):
    flags = list(identity.flags)
    flags[flags.index(flag) + 1] = uri
    result = session(silent, flags)
    code = 3 if "token=r" in uri and not is_static() else 2
    assert "hunter2" not in assert_fails(result, code).err


PREFIX = "arn:aws:rolesanywhere:eu-west-1:111122223333:"
BAD_ARNS = {
    "--trust-anchor-arn": [
        "", "x", "arn", "arn:aws", ANCHOR_ARN + " ", " " + ANCHOR_ARN, ANCHOR_ARN + "\n",
        ANCHOR_ARN.replace("arn:", "urn:"), ANCHOR_ARN.replace("arn:aws:", "arn::"),
        ANCHOR_ARN.replace("arn:aws:", "arn:AWS:"), ANCHOR_ARN.replace("eu-west-1", ""),
        ANCHOR_ARN.replace("eu-west-1", "eu west"), ANCHOR_ARN.replace("eu-west-1", "../x"),
        ANCHOR_ARN.replace("eu-west-1", "evil.example/"), ANCHOR_ARN.replace("111122223333", ""),
        ANCHOR_ARN.replace("111122223333", "1234"), ANCHOR_ARN.replace("1111222", "x111222"),
        ANCHOR_ARN.replace("rolesanywhere", "iam"), PROFILE_ARN, ROLE_ARN, PREFIX,
        PREFIX + "trust-anchor", PREFIX + "trust-anchor/",
        ANCHOR_ARN + ":more", ANCHOR_ARN + "/more", "arn:" * 1000, "\xff\xfe"],
    "--profile-arn": ["", "x", ANCHOR_ARN, ROLE_ARN, PREFIX + "profile/", PROFILE_ARN + "\t"],
    "--role-arn": [
        "", "x", ANCHOR_ARN, "arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:user/x",
        "arn:aws:iam:eu-west-1:111122223333:role/x", "arn:aws:iam::1111:role/x",
        "arn:aws:iam::111122223333:role/a b", "arn:aws:iam::111122223333:role//",
        "arn:aws:iam::111122223333:role/na*me<>", "arn:aws:iam::111122223333:role/" + "x" * 65,
        "arn:aws:sts::111122223333:assumed-role/x/y", "arn:aws:iam::111122223333:role/\u00e9"],
}


@pytest.mark.parametrize("flag,arn", [(f, a) for f, arns in BAD_ARNS.items() for a in arns],
                         ids=lambda text: repr(text)[-30:])
def test_malformed_arns(identity, silent, flag, arn):
    arns = list(ARNS)
    arns[arns.index(flag) + 1] = arn
    result = credential_process(*identity.flags, *arns, "--endpoint", silent.url)
    assert_fails(result, 2)
    # Which of the three it is must be clear.
    assert flag in result.err or flag[2:-4].replace("-", " ") in result.err.lower(), result


BAD_ENDPOINTS = ["x", "localhost", "localhost:8080", "//localhost", "ftp://localhost",
                 "file:///etc/passwd", "http://", "https://", "http://127.0.0.1:0",
                 "http://127.0.0.1:65536", "http://127.0.0.1:-1", "http://127.0.0.1:x",
                 "http://127.0.0.1/sessions", "http://127.0.0.1?x", "http://127.0.0.1#x",
                 "http://user:hunter2hunter2@127.0.0.1", "http://user@127.0.0.1",
                 "http://127.0.0.1:1 ", " http://127.0.0.1:1", "http://127.0.0.1\r\nX: y",
                 "http://[::1", "http://[::2]", "http://example.com",
                 "http://127.0.0.1.example.com",
                 "http://10.0.0.1", "http://0.0.0.0", "http://localhost.example.com",
                 "http://127.0.0.1@example.com", "gopher://127.0.0.1", "https:///", "https://a b"]


@pytest.mark.parametrize("endpoint", BAD_ENDPOINTS)
def test_bad_endpoints(identity, endpoint):
    result = credential_process(*identity.flags, *ARNS, "--endpoint", endpoint)
    assert_fails(result, 2, "endpoint")
    assert "hunter2" not in result.err, result


BAD_FLAGS = {
    "stray argument": (["stray"], "stray"),
    "stray after a flag": (["--debug", "true"], "true"),
    "stray after --": (["--", "stray"], "--|stray"),
    "unknown flag": (["--certificat-file", "x"], "--certificat-file"),
    "unknown short flag": (["-x"], "-x"),
    "single dash": (["-region", "eu-west-1"], "-r"),
    "flag without value": (["--region"], "--region"),
    "flag with = alone": (["--session-duration="], "session-duration"),
    **{f"duration {text!r}": (["--session-duration", text], "session-duration|duration")
       for text in ("", "x", "0", "-1", "899", "43201", "1e3", "3600s", "3600.5",
                    "99999999999999999999", "900,5", "+")},
    **{f"{flag} {text!r}": ([flag, text], flag[2:])
       for flag in ("--timeout", "--connect-timeout")
       for text in ("", "x", "0", "-1", "nan", "inf", "1e400", "5s")},
    "session name with a space": (["--role-session-name", "a b"], "session"),
    "session name of 1": (["--role-session-name", "a"], "session"),
    "session name of 65": (["--role-session-name", "a" * 65], "session"),
    "session name with a line feed": (["--role-session-name", "ab\ncd"], "session"),
    "session name not ASCII": (["--role-session-name", "caf\u00e9"], "session"),
    "bad region": (["--region", "../evil"], "region"),
    "another region": (["--region", "us-east-1"], "region"),
}


@pytest.mark.parametrize("name", BAD_FLAGS)
def test_bad_flags(identity, silent, name):
    flags, pattern = BAD_FLAGS[name]
    assert_fails(session(silent, identity.flags, *flags), 2, pattern)


def test_of_a_flag_given_twice_the_last_counts(identity):
    with Verifier() as verifier:
        result = session(verifier, identity.flags, "--session-duration", "1", "--region", "x",
                         "--session-duration", "901", "--region", "eu-west-1")
    assert_credentials(result)
    assert verifier.signed[0].body["durationSeconds"] == 901


# Flags of the official helper that say nothing about files: nothing of theirs is even opened.
IDLE = [["--pkcs11-lib", "/usr/lib/x.so"], ["--reuse-pin"],
        ["--tpm-key-password", "hunter2hunter2"],
        ["--no-tpm-key-password"], ["--use-latest-expiring-certificate"],
        ["--system-store-name", "MY"], ["--tpm-key-password=hunter2hunter2"]]


@pytest.mark.parametrize("flags", IDLE, ids=lambda flags: flags[0])
@pytest.mark.parametrize("position", ["before", "after"])
def test_flags_that_say_nothing_about_files(identity, emulator, flags, position):
    before, after = (flags, []) if position == "before" else ([], flags)
    result = session(emulator, [*before, *identity.flags], *after)
    assert_credentials(result)
    assert "hunter2" not in result.err, result


def test_a_selector_in_place_of_a_certificate(identity, silent):
    assert_fails(session(silent, identity.flags, "--cert-selector", "Key=x509Subject,Value=CN=x"),
                 2, "--certificate and --cert-selector cannot be used together")


def test_values_that_follow_a_secret_flag_are_not_repeated():
    """A password with a space in it and no quotes around it."""
    result = run("credential-process", "--pkcs8-password", "hunter2hunter2", "hunter2again")
    assert "hunter2" not in assert_fails(result, 2, "--pkcs8-password").err


@pytest.mark.parametrize("value", ["-xhunter2", "--hunter2", "--hunter2=x"])
def test_secrets_that_begin_with_a_dash_are_not_repeated(value):
    result = run("credential-process", "--pkcs8-password", value)
    assert "hunter2" not in assert_fails(result, 2).err


@pytest.mark.parametrize("host", ["127.1.2.3.4", "127.0.0.300", "127.0.0.1.", "127.", "0.0.0.0",
                                  "localhost.example.com", "10.0.0.1"])
def test_plain_http_to_what_only_looks_like_loopback(identity, host):
    assert_fails(session(f"http://{host}:1", identity.flags), 2, "endpoint")


@pytest.mark.parametrize("endpoint", ["ftp://u:hunter2@host", "https://u:hunter2@host:99999",
                                      "https://u:hunter2@host:0", "u:hunter2@host",
                                      "http://u:hunter2@example.com"])
def test_a_password_in_the_endpoint_is_not_repeated(identity, endpoint):
    result = session(endpoint, identity.flags)
    assert "hunter2" not in assert_fails(result, 2, "endpoint").err
