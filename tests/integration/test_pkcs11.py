"""Keys and certificates on PKCS#11 tokens: SoftHSM through p11-kit."""

import os
import subprocess

import pytest
from support import pki
from support.diagnostics import openssl_verifies
from support.pkcs11 import KINDS, asked, by_itself
from support.process import (ARNS, BINARY, Emulator, assert_credentials, assert_fails, environment,
                             needs_dynamic_build, run, session)
from support.tokens import MODULE, PIN, SoftHsm
from support.verifier import Verifier

SOURCES = {
    "certificate URI": lambda kind, file: ["--certificate", f"pkcs11:token=app;object={kind}"],
    "key URI": lambda kind, file: ["--certificate", file, "--private-key",
                                   f"pkcs11:token=app;object={kind}"],
    "both URIs": lambda kind, file: ["--certificate", f"pkcs11:object={kind};type=cert",
                                     "--private-key", f"pkcs11:object={kind};type=private"],
    "key URI of a token": lambda kind, file: ["--certificate", file, "--private-key",
                                              "pkcs11:token=app"],
    "selector": lambda kind, file: ["--cert-selector",
                                    f"Key=x509Subject,Value=CN=on token {kind}"],
    "proxy": lambda kind, file: ["--pkcs11-lib", "/usr/lib/p11-kit-proxy.so", "--certificate",
                                 f"pkcs11:object={kind}"],
    "module": lambda kind, file: ["--pkcs11-lib", MODULE, "--certificate",
                                  f"pkcs11:object={kind}"],
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_key_from_every_source(hsm, emulator, tmp_path, kind, source):
    leaf = hsm.leaves[kind]
    file = pki.write(tmp_path, "leaf.pem", pki.pem(leaf, *leaf.chain))
    flags = [*SOURCES[source](kind, file), *hsm.password]
    result = asked(hsm, emulator, flags)
    assert_credentials(result)
    assert result.err == "", result
    for digest in ("SHA256", "SHA384", "SHA512"):
        done = subprocess.run([BINARY, "sign-string", *flags, "--digest", digest, "--format", "bin"],
                              env=environment(hsm.env), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), done
        assert openssl_verifies(tmp_path, leaf.key.public_key(), digest, done.stdout)


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_update(hsm, emulator, tmp_path, kind):
    credentials = tmp_path / "credentials"
    result = by_itself(hsm, "update", "--once", "--certificate", f"pkcs11:token=app;object={kind}",
                       *hsm.password, *ARNS, "--endpoint", emulator.url,
                       **{"prefix": ["env", f"AWS_SHARED_CREDENTIALS_FILE={credentials}"]})
    assert result.code == 0 and "aws_session_token" in credentials.read_text(), result


def test_chain_from_the_token(hsm, identity, tmp_path):
    """The issuer lies beside; another with its name, which issued nothing, does not count."""
    false = pki.root("Another Root").issue("Test Intermediate", ca=True,
                                              private_key=pki.key("p256", "false"))
    hsm.put("app", false, "false issuer")
    with Verifier() as verifier:
        result = asked(hsm, verifier, ["--certificate", "pkcs11:token=app;object=p384",
                                       *hsm.password])
    assert_credentials(result)
    assert result.err == "", result
    assert [c.serial_number for c in verifier.signed[0].chain] == [
        identity.intermediate.certificate.serial_number]


def test_chain_from_token_and_file(identity, tmp_path):
    upper = identity.root.issue("Upper", ca=True)
    lower = upper.issue("Lower", ca=True)
    leaf = lower.issue("leaf")
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    for what, label in ((leaf, "x"), (leaf.key, "x"), (lower, "lower")):
        tokens.put("t", what, label)
    file = pki.write(tmp_path, "upper.pem", pki.pem(upper))
    with Verifier() as verifier:
        assert_credentials(asked(tokens, verifier, ["--certificate", "pkcs11:token=t;object=x",
                                                    "--intermediates", file],
                                 env={"ROLECALL_PIN": PIN}))
    assert [c.serial_number for c in verifier.signed[0].chain] == [
        lower.certificate.serial_number, upper.certificate.serial_number]


def test_key_in_a_file_and_certificate_on_a_token(hsm, identity, emulator, silent, tmp_path):
    leaf = identity.intermediate.issue("plain", private_key=pki.key("p256", "plain"))
    hsm.put("app", leaf, "plain")
    for number, uri in enumerate(["pkcs11:object=plain", "pkcs11:token=app"]):
        key = pki.write(tmp_path, f"{number}.key", pki.key_pem(leaf.key))
        assert_credentials(asked(hsm, emulator, ["--certificate", uri, "--private-key", key]))
    other = pki.write(tmp_path, "other.key", pki.key_pem(pki.key("p256", "other")))
    result = asked(hsm, silent, ["--certificate", "pkcs11:object=plain?pin-source=/x",
                                 "--private-key", other])
    assert_fails(result, 2, r"other.key \(P-256\) does not match the certificate in pkcs11:object=plain")
    # Without a key anywhere.
    result = asked(hsm, silent, ["--certificate", "pkcs11:object=plain", *hsm.password])
    assert_fails(result, 2, "none of the 5 private keys on token app matches")


def test_no_certificate_at_all(hsm, tmp_path):
    """sign-string finds the public half in the certificate or the public key beside the key."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    key = pki.key("p256", "alone")
    tokens.put("t", key, "alone")
    command = ["sign-string", "--private-key", "pkcs11:token=t", "--format", "bin"]
    env = {"prefix": ["env", f"ROLECALL_PIN={PIN}"]}
    assert_fails(by_itself(tokens, *command, **env), 1, "does not have the public key",
                 hint="--certificate")
    tokens.put("t", pki.make("x", private_key=key), "alone")
    done = subprocess.run([BINARY, *command], env=environment({**tokens.env, "ROLECALL_PIN": PIN}),
                          capture_output=True, check=True)
    assert openssl_verifies(tmp_path, key.public_key(), "SHA256", done.stdout)


def test_a_key_of_another_kind(identity, silent, tmp_path):
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    tokens.sh("key", "t", "EC:edwards25519", "ed")
    env = {"ROLECALL_PIN": PIN}
    result = run("sign-string", "--private-key", "pkcs11:object=ed", env={**tokens.env, **env})
    assert_fails(result, 2, "object=ed.* is neither RSA nor EC", hint="RSA and EC")
    result = asked(tokens, silent, [*identity.flags[:3], "pkcs11:object=ed"], env=env)
    assert_fails(result, 2, "object=ed.* does not match the certificate")


def test_small_keys(silent, identity, tmp_path):
    """Of a size that the service does not take."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    tokens.sh("key", "t", "rsa:1024", "small")
    result = run("sign-string", "--private-key", "pkcs11:object=small",
                 env={**tokens.env, "ROLECALL_PIN": PIN})
    assert_fails(result, 2, "object=small.* contains a key of the kind RSA 1024", hint="2048")


def test_with_a_real_endpoint_behind_tls_and_debug(hsm, identity):
    """Nothing of the PIN in what --debug tells."""
    with Emulator(identity.root_file) as running:
        result = asked(hsm, running, ["--certificate",
                                      "pkcs11:token=app;object=p256?pin-value=1234"], "--debug")
    assert_credentials(result)
    assert "pin-value=1234" not in result.err and "private key: pkcs11:" in result.err, result


def test_nothing_is_loaded_without_a_uri(identity, emulator, tmp_path):
    """p11-kit itself may come with libcurl, by way of GnuTLS; its modules and settings do not."""
    needs_dynamic_build("PKCS#11")
    trace = tmp_path / "trace"
    for name, flags in (("pem", identity.flags), ("token", ["--certificate", "pkcs11:token=none"])):
        session(emulator, flags, env={"ASAN_OPTIONS": "detect_leaks=0"},
                prefix=["strace", "-f", "-qq", "-e", "trace=openat,open", "-o", trace])
        opened = trace.read_text()
        for what in ("libsofthsm2", "/p11-kit/modules"):
            assert (what in opened) == (name == "token"), what
        assert "tpm2" not in opened and "tss2" not in opened
    needed = subprocess.run(["readelf", "-d", BINARY], capture_output=True, text=True, check=True)
    assert "libc.so" in needed.stdout
    assert "p11" not in needed.stdout and "tss" not in needed.stdout


def test_where_a_module_is_looked_for(hsm, tmp_path):
    """As programs look for libraries, and not among p11-kit's modules."""
    (tmp_path / "lib").symlink_to(os.path.dirname(MODULE))
    name = os.path.basename(MODULE)
    list_it = ["read-certificate-data", "--certificate", "pkcs11:object=p256"]
    for path, env in ((f"lib/{name}", {}), (f"./lib/{name}", {}),
                      (name, {"LD_LIBRARY_PATH": f"{tmp_path}/lib"})):
        result = run(*list_it, "--pkcs11-lib", path, env={**hsm.env, **env}, cwd=tmp_path)
        assert result.code == 0 and "object=p256" in result.out, result
        assert_fails(run(*list_it, "--pkcs11-lib", path, env=hsm.env, cwd="/"), 2, "cannot be loaded")
    config = tmp_path / "config.toml"
    for path, env in ((f"lib/{name}", {}), (name, {"LD_LIBRARY_PATH": f"{tmp_path}/lib"})):
        config.write_text(f'pkcs11-lib = "{path}"\n')
        result = run(*list_it, "--config", config, env={**hsm.env, **env}, cwd="/")
        assert result.code == 0 and "object=p256" in result.out, result
