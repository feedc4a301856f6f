"""Encrypted keys and PKCS#12 files as openssl makes them, and input that is no file."""

import os
import shutil
import subprocess
import tempfile

import pytest
from support import pki
from support.process import (BINARY, assert_credentials, assert_fails, environment,
                             build_kind, needs_libraries_of_the_system, session)
from support.verifier import Verifier

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def rsa_leaf(identity):
    return identity.intermediate.issue("rsa leaf", private_key=pki.key("rsa2048"))


@pytest.fixture(scope="module")
def password_file(identity):
    return pki.write(identity.directory, "password", PASSWORD.encode() + b"\n")


def openssl(*arguments, **options):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                   env=environment(), stdin=subprocess.DEVNULL, **options)


PASS = "pass:" + PASSWORD
# How openssl encrypts: its arguments behind `-in KEY -out FILE`.
FORMS = {
    **{f"PBES2 {cipher}": ["pkcs8", "-topk8", "-v2", cipher, "-passout", PASS]
       for cipher in ("aes-128-cbc", "aes-256-cbc", "des3", "camellia-256-cbc", "aria-192-cbc")},
    **{f"PBES2 {prf}": ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", prf, "-passout", PASS]
       for prf in ("hmacWithSHA1", "hmacWithSHA384", "hmacWithSHA512", "hmacWithMD5")},
    "PBES2 many iterations": ["pkcs8", "-topk8", "-iter", "200000", "-passout", PASS],
    "scrypt": ["pkcs8", "-topk8", "-scrypt", "-passout", PASS],
    "PBES2 des": ["pkcs8", "-topk8", "-provider", "legacy", "-provider", "default",
                  "-v2", "des", "-passout", PASS],
    **{f"PBES1 {name}": ["pkcs8", "-topk8", "-provider", "legacy", "-provider", "default",
                         "-v1", name, "-passout", PASS]
       for name in ("PBE-MD5-DES", "PBE-SHA1-RC2-64", "PBE-SHA1-DES", "PBE-SHA1-RC4-128",
                    "PBE-SHA1-RC4-40", "PBE-SHA1-3DES", "PBE-SHA1-2DES", "PBE-SHA1-RC2-40")},
    **{f"traditional {cipher}": ["rsa", "-traditional", f"-{cipher}", "-passout", PASS]
       for cipher in ("des3", "aes128", "aes256", "camellia192")},
    "traditional des": ["rsa", "-traditional", "-provider", "legacy", "-provider", "default",
                        "-des", "-passout", PASS],
}


def encrypted(directory, leaf, form):
    plain = pki.write(directory, "plain.key", pki.key_pem(leaf.key))
    path = directory / "encrypted.key"
    openssl(*FORMS[form], "-in", plain, "-out", path)
    path.chmod(0o600)
    flags = pki.write_identity(directory, leaf)
    (directory / "leaf.key").unlink()
    return [*flags[:3], str(path)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form(rsa_leaf, emulator, silent, tmp_path, password_file, form):
    flags = encrypted(tmp_path, rsa_leaf, form)
    result = session(emulator, flags, "--password-source", f"file:{password_file}")
    if build_kind() != "shared" and ("camellia" in form or "aria" in form):
        assert_fails(result, 2, "that is not built in", hint="encrypt the file again")
        return
    assert_credentials(result)
    assert result.err == "", result
    wrong = session(silent, flags, "--password-source", "env:PW", env={"PW": "wrong"})
    assert_fails(wrong, 2, "wrong password.*encrypted.key.*env:PW")
    assert_fails(session(silent, flags, start_new_session=True), 2,
                 "encrypted.key is encrypted, and there is no terminal", hint="--password-source")


@pytest.mark.parametrize("kind", ["p256", "p384", "p521"])
@pytest.mark.parametrize("form", ["pkcs8", "ec"])
def test_ec_keys(identity, emulator, tmp_path, password_file, kind, form):
    leaf = identity.intermediate.issue("leaf", private_key=pki.key(kind))
    plain = pki.write(tmp_path, "plain.key", pki.key_pem(leaf.key))
    how = ["pkcs8", "-topk8"] if form == "pkcs8" else ["ec", "-aes256"]
    openssl(*how, "-passout", PASS, "-in", plain, "-out", tmp_path / "key")
    flags = [*pki.write_identity(tmp_path, leaf)[:3], str(tmp_path / "key")]
    assert_credentials(session(emulator, flags, "--password-source", f"file:{password_file}"))


def test_encrypted_keys_of_other_kinds(identity, silent, tmp_path, password_file):
    leaf = identity.intermediate.issue("leaf", private_key=pki.key("dsa"))
    for flags in (encrypted(tmp_path, leaf, "PBES2 aes-256-cbc"),
                  store(tmp_path, leaf, ["-passout", PASS])):
        result = session(silent, flags, "--password-source", f"file:{password_file}")
        assert_fails(result, 2, "of the kind DSA", hint="P-256")


@pytest.mark.parametrize("form", ["PBES1 PBE-MD5-DES", "PBES2 des", "traditional des"])
def test_legacy_provider_that_is_missing(rsa_leaf, silent, tmp_path, password_file, form):
    needs_libraries_of_the_system("way to lose its legacy provider")
    flags = encrypted(tmp_path, rsa_leaf, form)
    result = session(silent, flags, "--password-source", f"file:{password_file}",
                     env={"OPENSSL_MODULES": "/nonexistent"})
    assert_fails(result, 2, "legacy provider", hint="legacy")


def test_modern_key_needs_no_legacy_provider(rsa_leaf, emulator, tmp_path, password_file):
    flags = encrypted(tmp_path, rsa_leaf, "PBES2 aes-256-cbc")
    assert_credentials(session(emulator, flags, "--password-source", f"file:{password_file}",
                               env={"OPENSSL_MODULES": "/nonexistent"}))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_six_messages(identity, rsa_leaf, silent, tmp_path, password_file):
    """Missing, not readable, not a key, encrypted, wrongly decrypted, of an unsupported kind."""
    locked = encrypted(tmp_path, rsa_leaf, "PBES2 aes-256-cbc")[3]
    key_flags = identity.flags[:3]
    errors = [session(silent, [*key_flags, path], *more, start_new_session=True) for path, *more in [
        ("/nonexistent/key",), (identity.certificate,), (locked,),
        (locked, "--password-source", "env:PW"),
        (pki.write(tmp_path, "ed", pki.key_pem(pki.key("ed25519"))),)]]
    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as directory:
        os.chmod(directory, 0o755)
        binary = shutil.copy(BINARY, directory)
        certificate = shutil.copy(identity.certificate, directory)
        key = shutil.copy(identity.key, directory)
        os.chmod(certificate, 0o644)
        errors.append(session(silent, ["--certificate", certificate, "--private-key", key],
                              binary=binary,
                              prefix=["setpriv", "--reuid=65534", "--regid=65534",
                                      "--clear-groups"]))
    for result, pattern in zip(errors, ["No such file", "no private key", "is encrypted",
                                        "PW", "ED25519", "Permission denied"]):
        assert_fails(result, 2, pattern)
    texts = [result.errors[0] for result in errors]
    assert len(set(texts)) == 6


def test_no_prompt_of_openssl(rsa_leaf, silent, tmp_path):
    """An encrypted structure under the label of a plain one."""
    flags = encrypted(tmp_path, rsa_leaf, "PBES2 aes-256-cbc")
    path = tmp_path / "encrypted.key"
    path.write_text(path.read_text().replace("ENCRYPTED PRIVATE", "PRIVATE"))
    assert_fails(session(silent, flags, timeout=10), 2, "damaged")


# PKCS#12: openssl's arguments, and whether a password is needed.
STORES = {
    "modern": (["-passout", PASS], True),
    "legacy": (["-legacy", "-passout", PASS], True),
    "triple DES": (["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1",
                    "-passout", PASS], True),
    "SHA-512": (["-macalg", "sha512", "-passout", PASS], True),
    "no MAC": (["-nomac", "-passout", PASS], True),
    "key encrypted alone": (["-certpbe", "NONE", "-passout", PASS], True),
    "empty password": (["-passout", "pass:"], False),
    "empty password, legacy": (["-legacy", "-passout", "pass:"], False),
    "empty password, no MAC": (["-nomac", "-passout", "pass:"], False),
    "not encrypted": (["-keypbe", "NONE", "-certpbe", "NONE", "-nomac", "-passout", "pass:"],
                      False),
}


def store(directory, leaf, arguments, more=(), order=None):
    """A PKCS#12 file of the leaf, its chain and `more`; `order`: the certificates as given."""
    certificates = order or [leaf, *leaf.chain, *more]
    pem = pki.write(directory, "in.pem", pki.pem(*certificates))
    key = pki.write(directory, "in.key", pki.key_pem(leaf.key))
    path = directory / "store.p12"
    openssl("pkcs12", "-export", "-in", pem, "-inkey", key, "-out", path, *arguments)
    path.chmod(0o600)
    return ["--certificate", str(path)]


@pytest.mark.parametrize("kind", ["rsa2048", "p384"])
@pytest.mark.parametrize("name", STORES)
def test_pkcs12(identity, emulator, silent, tmp_path, password_file, name, kind):
    leaf = identity.intermediate.issue("leaf", private_key=pki.key(kind))
    arguments, needs_password = STORES[name]
    flags = store(tmp_path, leaf, arguments)
    source = ["--password-source", f"file:{password_file}"]
    with Verifier() as verifier:
        result = session(verifier, flags, *source)
    assert_credentials(result)
    assert result.err == "", result
    assert verifier.signed[0].leaf.serial_number == leaf.certificate.serial_number
    assert ([c.serial_number for c in verifier.signed[0].chain]
            == [identity.intermediate.certificate.serial_number])
    if needs_password:
        assert_fails(session(silent, flags, start_new_session=True), 2,
                     "PKCS#12 file .*store.p12 is encrypted, and there is no terminal")
        assert_fails(session(silent, flags, "--password-source", "env:PW", env={"PW": "wrong"}), 2,
                     "wrong password.*store.p12")
    else:
        assert_credentials(session(emulator, flags, start_new_session=True))


def test_pkcs12_leaf_by_key_and_chain_from_it(identity, tmp_path, password_file):
    a = identity.root.issue("A", ca=True)
    b = a.issue("B", ca=True)
    leaf, other = b.issue("leaf"), b.issue("another leaf")
    flags = store(tmp_path, leaf, ["-passout", PASS],
                  order=[other, identity.root, a, leaf, identity.intermediate, b])
    with Verifier() as verifier:
        assert_credentials(session(verifier, flags, "--password-source", f"file:{password_file}"))
    signed = verifier.signed[0]
    assert signed.leaf.serial_number == leaf.certificate.serial_number
    assert [c.serial_number for c in signed.chain] == [b.certificate.serial_number,
                                                       a.certificate.serial_number]


def test_pkcs12_needs_no_other_flags(identity, emulator, silent, tmp_path):
    """They may be a configuration file's for all, and are not even opened."""
    flags = store(tmp_path, identity.leaf, ["-passout", "pass:"])
    for more in ("--private-key", "--intermediates"):
        result = session(emulator, [*flags, more, "/nonexistent"])
        assert_credentials(result)
        assert len(result.warnings) == 1 and f"{more} is not used" in result.err, result
    assert_fails(session(silent, [*identity.flags, "--intermediates", flags[1]]), 2, "PKCS#12",
                 hint="--certificate")


def test_pkcs12_that_is_of_no_use(identity, silent, tmp_path):
    path = tmp_path / "store.p12"
    openssl("pkcs12", "-export", "-nokeys", "-in", identity.certificate, "-passout", "pass:",
            "-out", path)
    assert_fails(session(silent, ["--certificate", path]), 2, "no private key")
    openssl("pkcs12", "-export", "-nocerts", "-inkey", identity.key, "-passout", "pass:",
            "-out", path)
    assert_fails(session(silent, ["--certificate", path]), 2, "no certificate")
    whole = store(tmp_path, identity.leaf, ["-passout", "pass:"])
    path.write_bytes(path.read_bytes()[:-20])
    assert_fails(session(silent, whole), 2, "damaged")


def test_pkcs12_mode_is_warned_of(identity, emulator, tmp_path):
    flags = store(tmp_path, identity.leaf, ["-passout", "pass:"])
    os.chmod(flags[1], 0o644)
    result = session(emulator, flags)
    assert_credentials(result)
    assert len(result.warnings) == 1 and "store.p12 has mode 0644" in result.err, result


def test_key_file_is_required_of_pem(identity, silent):
    assert_fails(session(silent, identity.flags[:2]), 2, "missing: --private-key", hint="PKCS#12")


# Standard input and descriptors

def from_pipe(content):
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    return read_end


@pytest.mark.parametrize("flag", ["--certificate", "--private-key"])
@pytest.mark.parametrize("source", ["-", "fd", "fd:0"])
def test_input_without_a_file(identity, emulator, flag, source):
    flags = list(identity.flags)
    at = flags.index(flag) + 1
    with open(flags[at], "rb") as file:
        fd = from_pipe(file.read())
    try:
        if source == "fd":
            flags[at] = f"fd:{fd}"
            result = session(emulator, flags, pass_fds=[fd])
        else:
            flags[at] = source
            result = session(emulator, flags, stdin=fd)
    finally:
        os.close(fd)
    assert_credentials(result)
    assert result.err == "", result


def test_all_of_it_from_descriptors(rsa_leaf, identity, emulator, tmp_path):
    flags = encrypted(tmp_path, rsa_leaf, "PBES2 aes-256-cbc")
    contents = [pki.pem(rsa_leaf), (tmp_path / "encrypted.key").read_bytes(),
                pki.pem(identity.intermediate), PASSWORD.encode()]
    fds = [from_pipe(content) for content in contents]
    flags = []
    for name, fd in zip(["--certificate", "--private-key", "--intermediates", "--password-source"],
                        fds):
        flags += [name, f"fd:{fd}"]
    result = session(emulator, flags, pass_fds=fds)
    for fd in fds:
        os.close(fd)
    assert_credentials(result)


def test_one_stream_for_both(identity, emulator):
    both = pki.pem(identity.leaf, identity.intermediate) + pki.key_pem(identity.leaf.key)
    fd = from_pipe(both)
    result = session(emulator, ["--certificate", "-", "--private-key", "fd:0"], stdin=fd)
    os.close(fd)
    assert_credentials(result)


def test_pkcs12_on_standard_input(identity, emulator, tmp_path):
    path = store(tmp_path, identity.leaf, ["-passout", "pass:"])[1]
    with open(path, "rb") as file:
        assert_credentials(session(emulator, ["--certificate", "-"], stdin=file))


@pytest.mark.parametrize("source,pattern", [
    ("fd:", "descriptor"), ("fd:x", "descriptor"), ("fd:-1", "descriptor"), ("fd:3x", "descriptor"),
    ("fd:99999999999", "descriptor"), ("fd:700", "not open"), ("-", "empty"), ("fd:1", "")])
def test_input_that_cannot_be(identity, silent, source, pattern):
    for flag in ("--certificate", "--private-key"):
        flags = list(identity.flags)
        flags[flags.index(flag) + 1] = source
        # What is written to a pipe cannot be read from that end.
        assert_fails(session(silent, flags), 2, pattern)


def test_file_named_like_a_stream(identity, emulator, tmp_path):
    for name in ("-", "fd:3"):
        shutil.copy(identity.key, tmp_path / name)
        assert_credentials(session(emulator, [*identity.flags[:3], f"./{name}"], cwd=tmp_path))
