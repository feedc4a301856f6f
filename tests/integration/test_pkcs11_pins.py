"""Where the PIN of a PKCS#11 token comes from, which token gets it, and that nobody else sees it."""

import os
import subprocess

import pytest
from support import pki
from support.pkcs11 import asked, leaf_file
from support.process import ARNS, BINARY, assert_credentials, assert_fails, environment, run
from support.tokens import PIN, SoftHsm


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
     "does not try (it|this PIN) again"),
    ([], {"ROLECALL_PIN": "9999"}, "wrong PIN .*ROLECALL_PIN", "does not try (it|this PIN) again"),
    (["--password-source", "env:X"], {"X": "9" * 300}, "wrong PIN", None),
    (["?pin-value=9999"], {}, "wrong PIN for token app: it came from pin-value",
     "does not try (it|this PIN) again"),
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
        assert_fails(result, 2, r"after a few more wrong PINs, the token locks")
    assert_credentials(asked(hsm, emulator, flags, env={"ROLECALL_PIN": PIN}))


def test_a_token_without_a_pin(hsm, silent, tmp_path):
    tokens = SoftHsm(tmp_path)
    tokens.sh("eval", f"softhsm_tool --slot 0 --init-token --label bare --so-pin 12345678")
    file = leaf_file(hsm.leaves["p256"], tmp_path)
    result = asked(tokens, silent, ["--certificate", file, "--private-key", "pkcs11:token=bare"],
                   env={"ROLECALL_PIN": PIN})
    assert_fails(result, 1, "token bare has no user PIN", hint="init-pin")


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


def test_a_pin_file_that_others_may_read(hsm, emulator, tmp_path):
    path = pki.write(tmp_path, "pin", PIN.encode())
    flags = ["--certificate", f"pkcs11:token=app;object=p256?pin-source={path}"]
    for mode, warnings in ((0o644, 1), (0o600, 0)):
        os.chmod(path, mode)
        result = asked(hsm, emulator, flags)
        assert_credentials(result)
        assert len(result.warnings) == warnings and (not warnings or path in result.err), result


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
    file = leaf_file(two.leaf, tmp_path)
    result = asked(two, silent, ["--certificate", file, "--private-key", "pkcs11:object=split"],
                   env={"ROLECALL_PIN": "5678"})
    assert_fails(result, 2, "2 tokens may have the private key",
                 hint="token=(cards|keys).*token=(cards|keys)")


def test_the_public_key_shows_which_token(two, emulator, tmp_path):
    """It is seen without a PIN."""
    leaf, tokens = two.leaf, two.copy(tmp_path)
    tokens.sh("eval", f"openssl pkey -pubout -in {pki.write(tmp_path, 'k', pki.key_pem(leaf.key))} "
              f"-outform DER -out {tmp_path}/pub && softhsm_tool --token-label keys --login --pin 5678 "
              f"--write-object {tmp_path}/pub --type pubkey --label split --id 0a", pin="5678")
    flags = ["--certificate", leaf_file(leaf, tmp_path), "--private-key", "pkcs11:object=split"]
    assert_credentials(asked(tokens, emulator, flags, env={"ROLECALL_PIN": "5678"}))


def test_a_pin_that_one_token_took_goes_to_no_other(two, emulator, silent):
    """The key is on neither of those that it is for."""
    flags = ["--certificate", "pkcs11:token=cards;object=split", "--private-key", "pkcs11:object=split"]
    for given, env in ((flags, {"ROLECALL_PIN": PIN}),
                       (["--certificate", "pkcs11:object=split"], {"ROLECALL_PIN": PIN}),
                       (["--certificate", f"pkcs11:object=split?pin-value={PIN}"], {})):
        result = asked(two, silent, given, env=env)
        assert_fails(result, 2, "token cards accepted the PIN from .*, but has no matching key", "private-key")
    named = [*flags[:3], "pkcs11:token=keys;object=split"]
    assert_credentials(asked(two, emulator, named, env={"ROLECALL_PIN": "5678"}))


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
