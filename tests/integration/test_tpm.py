"""Keys of a TPM 2.0: swtpm through OpenSSL's provider tpm2."""

import os
import shutil
import subprocess

import pytest
from support import pki
from support.diagnostics import openssl_verifies
from support.process import (ARNS, BINARY, assert_credentials, assert_fails, environment,
                             needs_libraries_of_the_system, run, session)
from support.tokens import SoftHsm, Tpm
from test_pkcs11_faults import typed

PARENT = "0x81000000"
# name: kind, where, password
KEYS = {
    "rsa": ("rsa2048", "file", ""), "p256": ("p256", "file", ""), "p384": ("p384", "file", ""),
    "rsa password": ("rsa2048", "file", "geheim"), "p256 password": ("p256", "file", "geheim"),
    "rsa parent": ("rsa2048", "parent", ""), "p256 parent": ("p256", "parent", ""),
    "p384 parent and password": ("p384", "parent", "geheim"),
    "rsa handle": ("rsa2048", "0x81000001", ""), "p256 handle": ("p256", "0x81000002", ""),
    "rsa handle and password": ("rsa2048", "0x81000003", "geheim"),
    "p384 handle and password": ("p384", "0x81000004", "geheim"),
}


@pytest.fixture(scope="module")
def tpm(identity, tmp_path_factory):
    """.flags: a name of KEYS: the two flags; .leaves: its certificate."""
    made = Tpm(tmp_path_factory.mktemp("tpm"))
    try:
        made.sh("tpm_parent", PARENT)
        made.flags, made.leaves = {}, {}
        for number, (name, (kind, where, password)) in enumerate(KEYS.items()):
            if where.startswith("0x"):
                key, source = made.keep_key(where, PARENT, kind, password), f"handle:{where}"
            else:
                source, key = made.make_key(f"{number}.tss", kind, password,
                                            PARENT if where == "parent" else "")
            leaf = identity.intermediate.issue(name, private_key=key)
            file = pki.write(made.directory, f"{number}.pem", pki.pem(leaf, *leaf.chain))
            made.flags[name] = ["--certificate", file, "--private-key", source]
            made.leaves[name] = leaf
        made.password = pki.write(made.directory, "password", b"geheim\n")
        yield made
        # Nothing that was loaded stays behind.
        assert made.sh("tpm2_getcap", "handles-transient") == ""
    finally:
        made.stop()


@pytest.fixture(name="unlocked")
def unlocked_tpm(tpm):
    tpm.sh("tpm_unlock")
    yield tpm
    tpm.sh("tpm_unlock")


def password_flags(tpm, name):
    _, where, password = KEYS[name]
    if password:
        return ["--password-source", f"file:{tpm.password}"]
    return ["--no-tpm-key-password"] if where.startswith("0x") else []


def asked(tpm, server, flags, *more, env=None, **options):
    return session(server, flags, *more, env={**tpm.env, **(env or {})}, start_new_session=True,
                   **options)


@pytest.mark.parametrize("name", KEYS)
def test_every_key(tpm, emulator, tmp_path, name):
    flags = [*tpm.flags[name], *password_flags(tpm, name)]
    result = asked(tpm, emulator, flags)
    assert_credentials(result)
    assert result.err == "", result
    for digest in ("SHA256", "SHA384", "SHA512"):
        done = subprocess.run([BINARY, "sign-string", *flags[2:], "--digest", digest, "--format",
                               "bin"], env=environment(tpm.env), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), done
        assert openssl_verifies(tmp_path, tpm.leaves[name].key.public_key(), digest, done.stdout)


@pytest.mark.parametrize("name", ["rsa", "p256 handle"])
def test_update(tpm, emulator, tmp_path, name):
    credentials = tmp_path / "credentials"
    result = run("update", "--once", *tpm.flags[name], *password_flags(tpm, name), *ARNS,
                 "--endpoint", emulator.url,
                 env={**tpm.env, "AWS_SHARED_CREDENTIALS_FILE": str(credentials)})
    assert result.code == 0 and "aws_session_token" in credentials.read_text(), result


def test_certificate_on_a_token_and_key_in_a_tpm(tpm, identity, emulator, tmp_path):
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    tokens.put("t", tpm.leaves["p256"], "leaf")
    tokens.put("t", identity.intermediate, "issuer")
    result = asked(tpm, emulator, ["--certificate", "pkcs11:token=t;object=leaf",
                                   *tpm.flags["p256"][2:]], env=tokens.env)
    assert_credentials(result)


def test_a_key_file_from_a_descriptor(tpm, emulator):
    flags = tpm.flags["p256"]
    with open(flags[3], "rb") as file:
        assert_credentials(asked(tpm, emulator, [*flags[:3], "-"], stdin=file))


def test_certificates_and_key_in_one_file(tpm, emulator, silent, tmp_path):
    """In any order. But one key."""
    texts = []
    for file in tpm.flags["p256"][1], tpm.flags["p256"][3]:
        with open(file, "rb") as content:
            texts.append(content.read())
    for number, order in enumerate((texts, texts[::-1])):
        path = pki.write(tmp_path, f"{number}.pem", b"".join(order))
        assert_credentials(asked(tpm, emulator, ["--certificate", path, "--private-key", path]))
    for number, more in enumerate((texts[1], pki.key_pem(pki.key("p256")))):
        path = pki.write(tmp_path, f"two{number}.pem", more + texts[1])
        result = asked(tpm, silent, [*tpm.flags["p256"][:3], path])
        assert_fails(result, 2, "more than one private key")


@pytest.mark.parametrize("name", ["p256 password", "rsa handle and password"])
def test_passwords(unlocked, emulator, name):
    for more, env in ((["--tpm-key-password", "geheim"], {}),
                      (["--password-source", "env:X"], {"X": "geheim"}),
                      (["--password-source", f"command:cat {unlocked.password}"], {}),
                      ([], {"ROLECALL_TPM_KEY_PASSWORD": "geheim"})):
        result = asked(unlocked, emulator, unlocked.flags[name], *more, env=env)
        assert_credentials(result)
        assert len(result.warnings) == (more[:1] == ["--tpm-key-password"]), result
        assert "geheim" not in result.err.replace(unlocked.password, ""), result


@pytest.mark.parametrize("name", ["p256 password", "rsa handle and password"])
@pytest.mark.parametrize("more,pattern,hint", [
    (["--password-source", "env:X"], "wrong password for .*: it came from env:X", "does not try this password again"),
    (["--tpm-key-password", "falsch"], "wrong password for .*--tpm-key-password", "does not try this password again"),
    (["--no-tpm-key-password"], "wrong password for", "not tried again"),
    ([], "needs a password, and there is no terminal", "--no-tpm-key-password"),
    (["--pkcs8-password", "geheim"], "needs a password, and there is no terminal", None),
])
def test_wrong_passwords(unlocked, silent, name, more, pattern, hint):
    result = asked(unlocked, silent, unlocked.flags[name], *more, env={"X": "falsch"})
    assert_fails(result, 2, pattern, hint)
    assert "falsch" not in result.err and result.err.count("\n") <= 3, result


def test_a_password_that_is_too_long(unlocked, silent):
    result = asked(unlocked, silent, unlocked.flags["p256 password"], "--password-source", "env:X",
                   env={"X": "x" * 100})
    assert_fails(result, 2, "more than 64 bytes")


def test_a_typed_password(unlocked, emulator, silent):
    class Environment:
        env = unlocked.env

    command = ["credential-process", *unlocked.flags["p256 password"], *ARNS, "--endpoint"]
    code, out, screen = typed(Environment, ["falsch", "falsch", "geheim"],
                              *command, emulator.url)
    assert code == 0 and b"SessionToken" in out, screen
    assert screen.count("Wrong password. Password for private key file") == 2
    unlocked.sh("tpm_unlock")
    code, out, screen = typed(Environment, ["a", "b", "c"], *command, silent.url)
    # The TPM itself may have had enough before.
    assert code in (2, 3) and out == b"" and "geheim" not in screen


def test_too_many_wrong_passwords(unlocked, silent):
    flags = unlocked.flags["p256 password"]
    texts = []
    for _ in range(40):
        result = asked(unlocked, silent, flags, "--password-source", "env:X", env={"X": "falsch"})
        texts.append(result.err)
        if result.code != 2:
            break
    assert_fails(result, 3, "accepts no password now, after too many wrong passwords",
                 hint="tpm2_dictionarylockout")
    # The right one is not taken either.
    result = asked(unlocked, silent, flags, "--password-source", f"file:{unlocked.password}")
    assert_fails(result, 3, "accepts no password now")


def test_another_tpm(tpm, silent, tmp_path):
    other = Tpm(tmp_path)
    try:
        for name, pattern in (("rsa", "is a key of another TPM"), ("p384", "is a key of another TPM"),
                              ("p256 parent", "no such key, or the key has another parent")):
            assert_fails(asked(other, silent, tpm.flags[name]), 2, pattern)
        result = asked(other, silent, tpm.flags["p256 handle"], "--no-tpm-key-password")
        assert_fails(result, 2, "the TPM has no such key", hint="handles-persistent")
        # Its parent is another key under the same handle.
        other.sh("tpm_parent", "0x81000000")
        assert_fails(asked(other, silent, tpm.flags["p256 parent"]), 2, "another TPM")
    finally:
        other.stop()


@pytest.mark.parametrize("handle", ["handle:", "handle:0x", "handle:x", "handle:0x123456789",
                                    "handle:0x8100 0001", "handle:0x81000001?pass"])
def test_handles_that_are_none(tpm, silent, handle):
    flags = [*tpm.flags["p256 handle"][:3], handle]
    assert_fails(asked(tpm, silent, flags, "--no-tpm-key-password"), 2, "is not the handle of a TPM",
                 hint="handle:0x81000001")


@pytest.mark.parametrize("handle,code", [("handle:0x8100ffff", 2), ("handle:0x80000005", 2),
                                         ("handle:0x40000001", 2), ("handle:0x01500000", 2)])
def test_handles_without_a_key(tpm, silent, handle, code):
    flags = [*tpm.flags["p256 handle"][:3], handle]
    assert_fails(asked(tpm, silent, flags, "--no-tpm-key-password"), code, handle)


def test_a_parent_is_no_key_to_sign_with(tpm, silent):
    """Restricted, for decryption."""
    result = run("sign-string", "--private-key", f"handle:{PARENT}", "--no-tpm-key-password",
                 env=tpm.env)
    assert_fails(result, 1, f"handle:{PARENT}")


def test_keys_that_do_not_fit(tpm, silent):
    for name, other in (("p256", "p256 parent"), ("p256", "rsa")):
        flags = [*tpm.flags[name][:3], tpm.flags[other][3]]
        assert_fails(asked(tpm, silent, flags), 2, "does not match the certificate|does not match any")


def test_damaged_key_files(tpm, silent, tmp_path):
    with open(tpm.flags["p256"][3], encoding="ascii") as file:
        lines = file.read().splitlines()
    for number, damaged in enumerate([lines[:1] + lines[-1:], lines[:1] + ["AAAA"] + lines[-1:],
                                      lines[:2] + lines[-1:]]):
        path = pki.write(tmp_path, f"{number}.tss", "\n".join(damaged).encode() + b"\n")
        result = asked(tpm, silent, [*tpm.flags["p256"][:3], path])
        assert result.code in (1, 2) and result.out == "", result
        assert_fails(result, result.code)


# No provider, no TPM

def test_no_provider(tpm, silent):
    # The portable program would find the provider of this machine's distribution.
    needs_libraries_of_the_system("way to lose its TPM provider")
    for name in ("p256", "p256 handle"):
        result = asked(tpm, silent, tpm.flags[name], env={"OPENSSL_MODULES": "/nonexistent"})
        assert_fails(result, 2, "needs OpenSSL's provider tpm2", hint="Debian: tpm2-openssl")


@pytest.mark.parametrize("tcti", ["swtpm:path=/nonexistent/socket", "device:/nonexistent", "nonsense"])
def test_no_tpm(tpm, silent, tcti):
    for name in ("p256", "p256 handle"):
        result = asked(tpm, silent, tpm.flags[name], env={"TPM2OPENSSL_TCTI": tcti})
        assert_fails(result, 3, "cannot be reached", hint="/dev/tpmrm0.*TPM2OPENSSL_TCTI")
        assert result.err.count("\n") == 2, result  # the TPM's library is silent


def test_the_default_provider_is_untouched(tpm, emulator, identity, tmp_path):
    """The TPM's provider is in a library of its own: TLS and random numbers do not come to it."""
    trace = tmp_path / "trace"
    for name, flags in (("pem", identity.flags), ("tpm", tpm.flags["p256"])):
        # A leak check cannot be done where something else traces.
        assert_credentials(asked(tpm, emulator, flags, env={"ASAN_OPTIONS": "detect_leaks=0"},
                                 prefix=["strace", "-f", "-qq", "-e", "trace=openat", "-o", trace]))
        assert ("tpm2.so" in trace.read_text()) == (name == "tpm")


def test_a_key_file_that_others_may_read(tpm, emulator, tmp_path):
    """It is worth nothing without its TPM: no warning."""
    path = shutil.copy(tpm.flags["p256"][3], tmp_path)
    os.chmod(path, 0o644)
    result = asked(tpm, emulator, [*tpm.flags["p256"][:3], path])
    assert_credentials(result)
    assert result.err == "", result
