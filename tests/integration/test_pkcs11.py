"""Keys and certificates on PKCS#11 tokens: SoftHSM through p11-kit."""

import datetime
import os
import re
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from support import pki
from support.process import (ARNS, BINARY, Emulator, assert_credentials, assert_fails, environment,
                             needs_shared_build, run, session)
from support.tokens import MODULE, PIN, SoftHsm
from support.verifier import Verifier
from test_diagnostics import openssl_verifies

KINDS = ["rsa2048", "rsa3072", "p256", "p384", "p521"]
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def hsm(identity, tmp_path_factory):
    """Token "app" holds a pair of key and certificate for each kind, and their issuer."""
    tokens = SoftHsm(tmp_path_factory.mktemp("hsm"))
    tokens.token("app")
    tokens.leaves = {}
    for number, kind in enumerate(KINDS):
        key = tokens.make_key("app", kind, kind, f"0{number}")
        tokens.leaves[kind] = identity.intermediate.issue(f"on token {kind}", private_key=key)
        tokens.put("app", tokens.leaves[kind], kind, f"0{number}")
    tokens.put("app", identity.intermediate, "issuer")
    tokens.pin_file = pki.write(tokens.directory, "pin", f"{PIN}\n".encode())
    tokens.password = ["--password-source", f"file:{tokens.pin_file}"]
    return tokens


def by_itself(tokens, *arguments, **options):
    """Without a terminal to ask."""
    return run(*arguments, env=tokens.env, start_new_session=True, **options)


def asked(tokens, server, flags, *more, env=None, **options):
    return session(server, flags, *more, env={**tokens.env, **(env or {})}, start_new_session=True,
                   **options)


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


# Where the PIN comes from

def test_pins(hsm, emulator):
    uri = "pkcs11:token=app;object=p256"
    for flags, env in [
            ([uri + f"?pin-value={PIN}"], {}),
            ([uri + f"?pin-source={hsm.pin_file}"], {}),
            ([uri + f"?pin-source=file:{hsm.pin_file}"], {}),
            ([uri + f"?pin-source=file://{hsm.pin_file}"], {}),
            ([uri + f"?pin-source=file://localhost{hsm.pin_file}"], {}),
            ([uri, "--password-source", "env:SECRET"], {"SECRET": PIN}),
            ([uri, "--password-source", f"command:cat {hsm.pin_file}"], {}),
            ([uri], {"ROLECALL_PIN": PIN}),
            ([uri, "--private-key", f"pkcs11:object=p256?pin-value={PIN}"], {}),
            ([uri + f"?pin-value={PIN}", "--private-key", "pkcs11:object=p256"], {})]:
        result = asked(hsm, emulator, ["--certificate", *flags], env=env)
        assert_credentials(result)
        assert len(result.warnings) == ("pin-value" in str(flags)), result
        assert PIN not in result.err.replace(uri, ""), result


@pytest.mark.parametrize("flags,env,pattern,hint", [
    ([], {}, "token app needs a PIN, and there is no terminal", "--password-source"),
    (["--password-source", "env:X"], {}, "X of --password-source is not set", None),
    (["--password-source", "env:X"], {"X": ""}, "empty", None),
    (["--pkcs8-password", PIN], {}, "needs a PIN", None),
    (["--password-source", "env:X"], {"X": "9999"}, "wrong PIN for token app: it came from env:X",
     "not tried again"),
    ([], {"ROLECALL_PIN": "9999"}, "wrong PIN .*ROLECALL_PIN", "not tried again"),
    (["--password-source", "env:X"], {"X": "9" * 300}, "wrong PIN", None),
    (["?pin-value=9999"], {}, "wrong PIN for token app: it came from pin-value", "not tried again"),
    (["?pin-source=/none"], {}, "cannot open PIN file /none: No such file", "path"),
    (["?pin-source=file:///none"], {}, "cannot open PIN file /none: No such file", "path"),
    (["?pin-source=%7Ccat"], {}, "names a command", "--password-source command:"),
])
def test_pins_that_are_not_there(hsm, silent, flags, env, pattern, hint):
    more = flags[0] if flags and flags[0].startswith("?") else ""
    rest = flags if not more else []
    result = asked(hsm, silent, ["--certificate", "pkcs11:token=app;object=p256" + more, *rest],
                   env=env)
    assert_fails(result, 2, pattern, hint)
    assert "9999" not in result.err, result


def test_a_wrong_pin_shows_in_what_the_token_says(hsm, silent, emulator):
    flags = ["--certificate", "pkcs11:token=app;object=p256"]
    for _ in range(2):
        result = asked(hsm, silent, flags, env={"ROLECALL_PIN": "9999"})
        assert_fails(result, 2, r"a few more wrong ones and it locks")
    assert_credentials(asked(hsm, emulator, flags, env={"ROLECALL_PIN": PIN}))


def test_a_token_without_a_pin(hsm, silent, tmp_path):
    tokens = SoftHsm(tmp_path)
    tokens.sh("eval", f"softhsm_tool --slot 0 --init-token --label bare --so-pin 12345678")
    result = asked(tokens, silent, ["--certificate", hsm_file(hsm, tmp_path), "--private-key",
                                    "pkcs11:token=bare"], env={"ROLECALL_PIN": PIN})
    assert_fails(result, 1, "token bare has no user PIN", hint="init-pin")


def hsm_file(hsm, directory, kind="p256"):
    return pki.write(directory, "leaf.pem", pki.pem(hsm.leaves[kind], *hsm.leaves[kind].chain))


# What is not there, and what there is too much of

@pytest.mark.parametrize("uri,code,pattern,hint", [
    ("pkcs11:token=none", 3, "no token here matches pkcs11:token=none", "here are: .*token=app"),
    ("pkcs11:token=app;object=none", 2, "no certificate on a token matches", "read-certificate"),
    ("pkcs11:manufacturer=none", 3, "no token here", "plugged in"),
    ("pkcs11:slot-id=99", 3, "no token here", "plugged in"),
    ("pkcs11:library-description=none", 3, "no token here", "plugged in"),
    ("pkcs11:object", 2, "not a PKCS#11 URI", "RFC 7512"),
    ("pkcs11:id=%0", 2, "not a PKCS#11 URI", "RFC 7512"),
    ("pkcs11:color=red", 2, "not known", "RFC 7512"),
    ("pkcs11:object=p256?module-path=/none.so", 2, "/none.so is not loaded", "--pkcs11-lib"),
    ("pkcs11:", 2, "certificates match pkcs11:", "(?s)(?=.*object=rsa2048)(?=.*object=p521).*use-latest"),
])
def test_certificates_that_are_not_found(hsm, silent, uri, code, pattern, hint):
    assert_fails(asked(hsm, silent, ["--certificate", uri, *hsm.password]), code, pattern, hint)


@pytest.mark.parametrize("uri,code,pattern,hint", [
    ("pkcs11:token=none", 3, "no token here matches pkcs11:token=none", "here are: .*token=app"),
    ("pkcs11:token=app;object=none", 2, "no private key pkcs11:.*object=none", "list-objects"),
    ("pkcs11:token=app;object=rsa2048", 2, r"private key pkcs11:.*object=rsa2048.*\(RSA 2048\) does "
     r"not match the certificate \(CN=on token p256, P-256\)", "same request"),
    ("pkcs11:token=app;object=p384", 2, r"\(P-384\) does not match", "same request"),
])
def test_keys_that_do_not_fit(hsm, silent, tmp_path, uri, code, pattern, hint):
    result = asked(hsm, silent, ["--certificate", hsm_file(hsm, tmp_path), "--private-key", uri,
                                 *hsm.password])
    assert_fails(result, code, pattern, hint)


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
    assert_fails(by_itself(tokens, *command, **env), 1, "does not tell the public half",
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
    assert_fails(result, 2, "object=small.* holds a key of the kind RSA 1024", hint="2048")


def test_several_keys_that_could_be_meant(identity, silent, emulator, tmp_path):
    """Keys of one label and no id, whose public halves nobody tells: a signature does."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    first, second = (identity.intermediate.issue("leaf", private_key=pki.key("p256", n))
                     for n in ("first", "second"))
    for leaf in (first, second):
        tokens.put("t", leaf.key, "twin")
    env = {"ROLECALL_PIN": PIN}
    for leaf in (first, second):
        file = pki.write(tmp_path, "leaf.pem", pki.pem(leaf, *leaf.chain))
        flags = ["--certificate", file, "--private-key", "pkcs11:token=t;object=twin"]
        assert_credentials(asked(tokens, emulator, flags, env=env))
    # Of no key here, and of both.
    other = identity.intermediate.issue("leaf", private_key=pki.key("p256", "third"))
    for several, pattern in (((other,), "none of the 2 private keys on token t matches"),
                             ((first, second), "2 private keys could be meant")):
        file = pki.write(tmp_path, "leaf.pem", pki.pem(*several))
        flags = ["--certificate", file, "--private-key", "pkcs11:token=t;object=twin"]
        assert_fails(asked(tokens, silent, flags, env=env), 2, pattern)
    assert_fails(by_itself(tokens, "sign-string", "--private-key", "pkcs11:object=twin",
                           prefix=["env", f"ROLECALL_PIN={PIN}"]), 2, "2 private keys",
                 hint="--certificate tells them apart: .*object=twin.*object=twin")
    # RSA keys tell.
    leaves = [identity.intermediate.issue("leaf", private_key=pki.key("rsa2048", n))
              for n in ("a", "b")]
    for leaf in leaves:
        tokens.put("t", leaf.key, "rsa twin")
        tokens.put("t", leaf, "rsa twin")
    for leaf in leaves:
        file = pki.write(tmp_path, "leaf.pem", pki.pem(leaf, *leaf.chain))
        assert_credentials(asked(tokens, emulator, ["--certificate", file, "--private-key",
                                                    "pkcs11:object=rsa%20twin"], env=env))


def test_renewed_certificates(identity, tmp_path):
    """Of several for one key the one that is valid and ends last, as of files."""
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    key = pki.key("p256", "renewed")
    tokens.put("t", key, "app", "01")
    ends = {"old": pki.NOW - DAY, "new": pki.NOW + 20 * DAY, "now": pki.NOW + 10 * DAY}
    serials = {}
    for name, end in ends.items():
        leaf = identity.intermediate.issue("app", private_key=key, not_before=pki.NOW - 30 * DAY,
                                           not_after=end)
        serials[name] = leaf.certificate.serial_number
        tokens.put("t", leaf, "app", "01")
    later = identity.intermediate.issue("app", private_key=key, not_before=pki.NOW + DAY,
                                        not_after=pki.NOW + 90 * DAY)
    tokens.put("t", later, "app", "01")
    for flags in (["--certificate", "pkcs11:object=app"],
                  ["--cert-selector", "Key=x509Subject,Value=CN=app"]):
        with Verifier() as verifier:
            assert_credentials(asked(tokens, verifier, flags, env={"ROLECALL_PIN": PIN}))
        assert verifier.signed[0].leaf.serial_number == serials["new"]


def test_latest_of_several_identities(identity, silent, tmp_path):
    tokens = SoftHsm(tmp_path)
    tokens.token("t")
    leaves = {}
    for name, end in (("a", 5), ("b", 25), ("c", 15)):
        leaves[name] = identity.intermediate.issue(
            "app", private_key=pki.key("p256", name), not_after=pki.NOW + end * DAY)
        tokens.put("t", leaves[name], name, f"0{name}")
        tokens.put("t", leaves[name].key, name, f"0{name}")
    env = {"ROLECALL_PIN": PIN}
    for flags in (["--certificate", "pkcs11:token=t"],
                  ["--cert-selector", "Key=x509Subject,Value=CN=app"]):
        assert_fails(asked(tokens, silent, flags, env=env), 2, "3 certificates match",
                     hint="object=a.*object=b.*object=c")
        with Verifier() as verifier:
            assert_credentials(asked(tokens, verifier, flags, "--use-latest-expiring-certificate",
                                     env=env))
        assert verifier.signed[0].leaf.serial_number == leaves["b"].certificate.serial_number
    serial = f"{leaves['c'].certificate.serial_number:X}"
    with Verifier() as verifier:
        assert_credentials(asked(tokens, verifier, ["--cert-selector",
                                                    f"Key=x509Serial,Value={serial}"], env=env))
    assert verifier.signed[0].leaf.serial_number == leaves["c"].certificate.serial_number


# Several tokens

@pytest.fixture(scope="module")
def two(identity, tmp_path_factory):
    """The certificate on one token, its key on another, which has another PIN."""
    tokens = SoftHsm(tmp_path_factory.mktemp("two"))
    tokens.token("cards")
    tokens.token("keys", "5678")
    tokens.leaf = identity.intermediate.issue("split", private_key=pki.key("p256", "split"))
    tokens.put("cards", tokens.leaf, "split", "0a")
    tokens.put("cards", identity.intermediate, "issuer")
    tokens.put("keys", tokens.leaf.key, "split", "0a", pin="5678")
    return tokens


def test_key_on_another_token(two, emulator):
    for flags in (["--certificate", "pkcs11:token=cards;object=split", "--private-key",
                   "pkcs11:token=keys"],
                  ["--certificate", "pkcs11:token=cards;object=split", "--private-key",
                   "pkcs11:token=keys;id=%0a?pin-value=5678"]):
        assert_credentials(asked(two, emulator, flags, env={"ROLECALL_PIN": "5678"}))


def test_a_pin_is_for_one_token(two, silent, tmp_path):
    file = hsm_file_of(two.leaf, tmp_path)
    result = asked(two, silent, ["--certificate", file, "--private-key", "pkcs11:object=split"],
                   env={"ROLECALL_PIN": "5678"})
    assert_fails(result, 2, "2 tokens may hold the private key",
                 hint="token=(cards|keys).*token=(cards|keys)")


def test_the_public_key_shows_which_token(two, emulator, tmp_path):
    """It is seen without a PIN."""
    leaf = two.leaf
    two.sh("eval", f"openssl pkey -pubout -in {pki.write(tmp_path, 'k', pki.key_pem(leaf.key))} "
           f"-outform DER -out {tmp_path}/pub && softhsm_tool --token-label keys --login --pin 5678 "
           f"--write-object {tmp_path}/pub --type pubkey --label split --id 0a", pin="5678")
    flags = ["--certificate", hsm_file_of(leaf, tmp_path), "--private-key", "pkcs11:object=split"]
    assert_credentials(asked(two, emulator, flags, env={"ROLECALL_PIN": "5678"}))


def test_a_pin_that_one_token_took_goes_to_no_other(two, emulator, silent):
    """The key is on neither of those that it is for."""
    flags = ["--certificate", "pkcs11:token=cards;object=split", "--private-key", "pkcs11:object=split"]
    for given, env in ((flags, {"ROLECALL_PIN": PIN}),
                       (["--certificate", "pkcs11:object=split"], {"ROLECALL_PIN": PIN}),
                       (["--certificate", f"pkcs11:object=split?pin-value={PIN}"], {})):
        result = asked(two, silent, given, env=env)
        assert_fails(result, 2, "no key for it on token cards, which took the PIN from", "private-key")
    named = [*flags[:3], "pkcs11:token=keys;object=split"]
    assert_credentials(asked(two, emulator, named, env={"ROLECALL_PIN": "5678"}))


def hsm_file_of(leaf, directory):
    return pki.write(directory, "leaf.pem", pki.pem(leaf, *leaf.chain))


# Keys that want their PIN for each signature

@pytest.fixture(scope="module")
def careful(identity, tmp_path_factory):
    tokens = SoftHsm(tmp_path_factory.mktemp("careful"))
    tokens.token("card")
    tokens.leaves = {}
    for kind in ("rsa2048", "p256"):
        key = tokens.make_key("card", kind, kind, "", "--always-auth")
        tokens.leaves[kind] = identity.intermediate.issue(kind, private_key=key)
        tokens.put("card", tokens.leaves[kind], kind)
        tokens.put("card", identity.intermediate, "issuer")
    return tokens


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_always_authenticate(careful, emulator, silent, kind):
    flags = ["--certificate", f"pkcs11:token=card;object={kind}"]
    for more, env in (["--reuse-pin"], {"ROLECALL_PIN": PIN}), ([], {"ROLECALL_PIN": PIN}):
        assert_credentials(asked(careful, emulator, flags, *more, env=env))
    uri = [flags[0], flags[1] + f"?pin-value={PIN}"]
    assert_credentials(asked(careful, emulator, uri, "--reuse-pin"))
    # The URI's is the user's alone.
    assert_fails(asked(careful, silent, uri), 2, f"key {kind} of token card needs a PIN",
                 hint="--password-source")
    assert_fails(asked(careful, silent, uri, env={"ROLECALL_PIN": "99"}), 2,
                 f"wrong PIN for key {kind} of token card")


# What read-certificate-data tells

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


# What is loaded, and when

def test_nothing_is_loaded_without_a_uri(identity, emulator, tmp_path):
    """p11-kit itself may come with libcurl, by way of GnuTLS; its modules and settings do not."""
    needs_shared_build("PKCS#11")
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


def test_no_pin_in_the_process_list(hsm, tmp_path):
    """Once it has started: what `ps` shows is overwritten."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [BINARY, "credential-process", "--certificate", f"pkcs11:token=app?pin-value={PIN}x&module-name=x",
         "--private-key", fifo, *ARNS, "--endpoint", "http://127.0.0.1:1"],
        env=environment(hsm.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    try:
        writer = os.open(fifo, os.O_WRONLY)  # it is being read now
        line = open(f"/proc/{process.pid}/cmdline", "rb").read()
        os.close(writer)
    finally:
        process.communicate(timeout=30)
    assert b"pin-value=" in line and PIN.encode() not in line and b"module-name=x" in line


def test_with_a_real_endpoint_behind_tls_and_debug(hsm, identity):
    """Nothing of the PIN in what --debug tells."""
    with Emulator(identity.root_file) as running:
        result = asked(hsm, running, ["--certificate",
                                      "pkcs11:token=app;object=p256?pin-value=1234"], "--debug")
    assert_credentials(result)
    assert "pin-value=1234" not in result.err and "private key: pkcs11:" in result.err, result


@pytest.mark.parametrize("form", ["pkcs11:token=app;object=p256;pin-value={}",
                                  "PKCS11:token=app;object=p256?pin-value={}",
                                  "pkcs11:token=app;object=p256?pin-value={}"])
def test_a_pin_anywhere_in_a_uri(hsm, emulator, form):
    """It is taken, and not shown nor handed on."""
    uri = form.format(PIN)
    result = asked(hsm, emulator, [], "--debug", env={"ROLECALL_CERTIFICATE": uri})
    assert_credentials(result)
    assert f"={PIN}" not in result.err, result
    result = run("exec", *ARNS, "--endpoint", emulator.url, "--", "env",
                 env={**hsm.env, "ROLECALL_CERTIFICATE": uri})
    assert result.code == 0 and "AWS_ACCESS_KEY_ID" in result.out, result
    assert "pin-value" not in result.out, result


@pytest.mark.parametrize("uri,pattern", [
    ("pkcs11:token=a%00b", "NUL"), ("pkcs11:token=app?pin-value=12%0034", "NUL"),
    ("pkcs11:token=app?pin-source=/x%00y", "NUL"),
    ("pkcs11:token=app;pin-value=4711?pin-value=4712", "two pin-values"),
    ("pkcs11:token=app;id=%01;id=%02", "two ids"), ("pkcs11:token=app;token=app", "two tokens"),
])
def test_uris_that_are_refused(hsm, silent, uri, pattern):
    result = asked(hsm, silent, ["--certificate", uri])
    assert_fails(result, 2, pattern)
    assert "471" not in result.err and "%0034" not in result.err, result


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


def test_where_a_module_is_looked_for(hsm, tmp_path):
    """As programs look for libraries, and not among p11-kit's modules."""
    (tmp_path / "lib").symlink_to(os.path.dirname(MODULE))
    name = os.path.basename(MODULE)
    list_it = ["read-certificate-data", "--certificate", "pkcs11:object=p256"]
    for path, env in ((f"lib/{name}", {}), (f"./lib/{name}", {}),
                      (name, {"LD_LIBRARY_PATH": f"{tmp_path}/lib"})):
        result = run(*list_it, "--pkcs11-lib", path, env={**hsm.env, **env}, cwd=tmp_path)
        assert result.code == 0 and "object=p256" in result.out, result
        assert_fails(run(*list_it, "--pkcs11-lib", path, env=hsm.env, cwd="/"), 2, "is not loaded")
    config = tmp_path / "config.toml"
    for path, env in ((f"lib/{name}", {}), (name, {"LD_LIBRARY_PATH": f"{tmp_path}/lib"})):
        config.write_text(f'pkcs11-lib = "{path}"\n')
        result = run(*list_it, "--config", config, env={**hsm.env, **env}, cwd="/")
        assert result.code == 0 and "object=p256" in result.out, result


@pytest.fixture(scope="module")
def twins(identity, tmp_path_factory):
    """Certificates that have the same label and no CKA_ID: one URI for both."""
    tokens = SoftHsm(tmp_path_factory.mktemp("twins"))
    tokens.token("twins")
    tokens.leaves = [identity.intermediate.issue(f"twin {kind}", private_key=pki.key(kind, "twin"))
                     for kind in ("p256", "rsa2048")]
    for leaf in tokens.leaves:
        tokens.put("twins", leaf, "twin")
        tokens.put("twins", leaf.key, "twin")
    tokens.put("twins", identity.intermediate, "issuer")
    return tokens


def test_certificates_with_the_same_uri(twins, emulator, silent):
    """The hint says what tells them apart, and that works."""
    flags = ["--certificate", "pkcs11:object=twin"]
    result = asked(twins, silent, flags, env={"ROLECALL_PIN": PIN})
    assert_fails(result, 2, "2 certificates match", "their URIs are the same.*--cert-selector")
    hints = re.findall(r"Key=x509Serial,Value=[0-9A-Fa-f]+", result.err)
    assert len(set(hints)) == 2, result
    for hint in hints:
        assert_credentials(asked(twins, emulator, ["--cert-selector", hint],
                                 env={"ROLECALL_PIN": PIN}))


def test_a_pin_file_that_others_may_read(hsm, emulator, tmp_path):
    path = pki.write(tmp_path, "pin", PIN.encode())
    flags = ["--certificate", f"pkcs11:token=app;object=p256?pin-source={path}"]
    for mode, warnings in ((0o644, 1), (0o600, 0)):
        os.chmod(path, mode)
        result = asked(hsm, emulator, flags)
        assert_credentials(result)
        assert len(result.warnings) == warnings and (not warnings or path in result.err), result
