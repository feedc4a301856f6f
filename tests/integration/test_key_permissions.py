"""Who may read and replace files with secrets, and paths in forms that only shells know."""

import os
import shutil
import subprocess
import tempfile

import pytest
from support import pki
from support.home import as_root
from support.process import BINARY, assert_credentials, assert_fails, environment, session

PASSWORD = "correct horse battery"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                   env=environment(), stdin=subprocess.DEVNULL)


@pytest.fixture(name="scene")
def every_file_with_a_secret(identity, tmp_path):
    """{what: (flags, the file)}: a key, both in one, PKCS#12, a password's file."""
    key = shutil.copy(identity.key, tmp_path / "leaf.key")
    both = pki.write(tmp_path, "both.pem", pki.key_pem(identity.leaf.key)
                     + pki.pem(identity.leaf, identity.intermediate))
    store = tmp_path / "store.p12"
    openssl("pkcs12", "-export", "-in", both, "-passout", "pass:", "-out", store)
    locked = tmp_path / "locked.key"
    openssl("pkcs8", "-topk8", "-in", key, "-passout", f"pass:{PASSWORD}", "-out", locked)
    password = pki.write(tmp_path, "password", PASSWORD.encode())
    for path in (key, both, store, locked, password):
        os.chmod(path, 0o600)
    return {
        "private key file": ([*identity.flags[:3], key], key),
        "certificate file": (["--certificate", both], both),
        "PKCS#12 file": (["--certificate", store], store),
        "password file": ([*identity.flags[:3], locked, "--password-source", f"file:{password}"],
                          password),
    }


FILES = ["private key file", "certificate file", "PKCS#12 file", "password file"]


@pytest.mark.parametrize("mode,said", [
    (0o400, None), (0o600, None), (0o440, None), (0o640, None), (0o660, None),
    (0o444, "can read it"), (0o644, "can read it"), (0o604, "can read it"),
    (0o602, "can change it"), (0o666, "can read and change it")])
@pytest.mark.parametrize("what", FILES)
def test_modes(scene, emulator, what, mode, said):
    flags, path = scene[what]
    os.chmod(path, mode)
    result = session(emulator, flags)
    assert_credentials(result)
    if said is None:
        assert result.err == "", result
        return
    assert len(result.warnings) == 1, result
    assert f"{what} {path} has mode {mode:04o}: every user of this machine {said}" in result.err
    os.chmod(path, 0o600)
    assert session(emulator, flags).err == ""


@as_root
@pytest.mark.parametrize("what", FILES)
def test_owners(scene, emulator, what):
    """As root, of a file of somebody else's."""
    flags, path = scene[what]
    os.chown(path, 65534, 0)
    result = session(emulator, flags)
    assert_credentials(result)
    assert len(result.warnings) == 1, result
    assert (f"{what} {path} belongs to user 65534, who is neither root nor this user (0) and can "
            "read and replace the file") in result.err


@as_root
def test_owner_of_a_tpm_key(identity, silent, tmp_path):
    """It is worth nothing without its TPM, but who writes it chooses the key."""
    path = pki.write(tmp_path, "key.tss", b"-----BEGIN TSS2 PRIVATE KEY-----\nMAMCAQE=\n"
                     b"-----END TSS2 PRIVATE KEY-----\n")
    os.chmod(path, 0o644)
    assert session(silent, [*identity.flags[:3], path]).warnings == []
    os.chown(path, 65534, 0)
    warnings = session(silent, [*identity.flags[:3], path]).warnings
    assert len(warnings) == 1 and "key.tss belongs to user 65534" in warnings[0]


@as_root
def test_roots_key_for_a_group(scene, emulator):
    """As Kubernetes' fsGroup gives it to a container's user: mode 0440, root's, by the group."""
    flags, path = scene["private key file"]
    with tempfile.TemporaryDirectory(prefix="rolecall-test.") as directory:
        os.chmod(directory, 0o755)
        key = shutil.copy(path, directory)
        os.chown(key, 0, 65534)
        os.chmod(key, 0o440)
        certificate = shutil.copy(flags[1], directory)
        os.chmod(certificate, 0o644)
        result = session(emulator, ["--certificate", certificate, "--private-key", key],
                         binary=shutil.copy(BINARY, directory),
                         prefix=["setpriv", "--reuid=1", "--regid=65534", "--clear-groups"])
    assert_credentials(result)
    assert result.err == "", result


@pytest.mark.parametrize("path,hint", [
    ("~/leaf.key", '"~"'), ("~me/leaf.key", '"~"'), ("$HOME/leaf.key", r"\$HOME"),
    ("${HOME}/leaf.key", r"\$HOME"), ("file:///etc/leaf.key", "without file://"),
    ("file:/etc/leaf.key", "without file://"), ("leaf.key", "working directory")])
def test_hints_for_paths(identity, silent, tmp_path, path, hint):
    for flag in ("--certificate", "--private-key", "--intermediates"):
        flags = [*identity.flags, "--intermediates", identity.certificate]
        flags[flags.index(flag) + 1] = path
        assert_fails(session(silent, flags, cwd=tmp_path), 2, "No such file", hint=hint)
    if path == "leaf.key" or path.startswith("~/"):
        return
    config = pki.write(tmp_path, "config.toml", f'private-key = "{path}"\n'.encode())
    assert_fails(session(silent, [*identity.flags[:2], "--config", config]), 2, "No such file",
                 hint=hint)
