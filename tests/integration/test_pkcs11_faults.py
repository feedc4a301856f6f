"""Tokens that fail, lock or go away, and PINs that a person types: SoftHSM behind faulty_module."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from support import pki
from support.diagnostics import openssl_verifies
from support.process import (ARNS, BINARY, assert_credentials, assert_fails, environment, run,
                             session)
from support.tokens import PIN, Faults, SoftHsm

# Codes of PKCS#11 after which everything must be opened anew.
GONE = {"device error": 0x30, "device removed": 0x32, "key handle": 0x60, "object handle": 0x82,
        "session closed": 0xb0, "session handle": 0xb3, "token not present": 0xe0,
        "not logged in": 0x101, "operation active": 0x90}


@pytest.fixture(scope="module")
def tokens(identity, tmp_path_factory):
    made = SoftHsm(tmp_path_factory.mktemp("faulty"))
    made.token("card")
    made.leaves = {}
    for kind, label, more in (("rsa2048", "rsa", ()), ("p256", "ec", ()),
                              ("p256", "careful", ("--always-auth",))):
        key = made.make_key("card", kind, label, "", *more)
        made.leaves[label] = identity.intermediate.issue(label, private_key=key)
        made.put("card", made.leaves[label], label)
    made.put("card", identity.intermediate, "issuer")
    return made


@pytest.fixture(name="faults")
def fresh_faults(tokens, tmp_path):
    return Faults(tmp_path, tokens)


def asked(faults, server, label, *more, pin=PIN, **options):
    env = {**faults.env, **({"ROLECALL_PIN": pin} if pin else {})}
    return session(server, ["--certificate", f"pkcs11:token=card;object={label}", *faults.flags],
                   *more, env=env, start_new_session=True, **options)


# Those of which a login proves nothing: the token may have counted the PIN.
AFTER_LOGIN = ("device error", "device removed", "key handle", "object handle", "session closed",
               "not logged in")


@pytest.mark.parametrize("label", ["rsa", "ec"])
@pytest.mark.parametrize("call,code", [
    (call, code) for call in ("C_OpenSession", "C_FindObjectsInit", "C_GetAttributeValue", "C_Login",
                              "C_SignInit", "C_Sign")
    for code in GONE if call != "C_Login" or code not in AFTER_LOGIN])
def test_a_token_that_is_gone_once(faults, emulator, label, call, code):
    faults.set(f"{call} {GONE[code]:x} 1")
    result = asked(faults, emulator, label)
    assert_credentials(result)
    assert result.err == "", result
    assert len(faults.calls("start")) == 2


@pytest.mark.parametrize("call,code", [("C_OpenSession", "32"), ("C_Login", "e0"),
                                       ("C_SignInit", "32"), ("C_Sign", "32")])
def test_a_token_that_stays_away(faults, silent, call, code):
    faults.set(f"{call} {code} 99")
    assert_fails(asked(faults, silent, "ec"), 3, rf"token card cannot .*\(0x{code}\)",
                 hint="insert the token again")
    assert len(faults.calls("start")) == 2


def test_no_token_in_the_slot(faults, silent):
    faults.set("ABSENT - -")
    assert_fails(asked(faults, silent, "ec"), 3, "no PKCS#11 token was found", hint="plugged in")


@pytest.mark.parametrize("call", ["C_OpenSession", "C_FindObjectsInit", "C_SignInit", "C_Sign"])
def test_other_failures_are_not_tried_again(faults, silent, call):
    faults.set(f"{call} 5 1")
    assert_fails(asked(faults, silent, "ec"), 1, r"token card cannot .*\(0x5\)")
    assert len(faults.calls("start")) == 1


def test_a_module_that_does_not_start(faults, silent, tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_text("no library")
    flags = ["--certificate", "pkcs11:object=ec", "--pkcs11-lib", broken]
    assert_fails(session(silent, flags, env=faults.env), 2, "broken.so cannot be loaded")


def test_a_token_is_read_once_for_the_list(faults):
    """However many certificates it holds."""
    result = run("read-certificate-data", "--certificate", "pkcs11:", *faults.flags,
                 "--format", "text", env=faults.env)
    assert result.code == 0 and result.out.count("URI:") == 4, result
    assert len(faults.calls("find")) == 2


# Mechanisms

@pytest.mark.parametrize("digest,whole", [("SHA256", 0x40), ("SHA384", 0x41), ("SHA512", 0x42)])
@pytest.mark.parametrize("missing", [False, True])
def test_rsa_mechanisms(tokens, faults, tmp_path, digest, whole, missing):
    if missing:
        faults.set(f"MECHANISM {whole:x} -")
    done = subprocess.run([BINARY, "sign-string", "--certificate", "pkcs11:object=rsa",
                           *faults.flags, "--digest", digest, "--format", "bin"],
                          env=environment({**faults.env, "ROLECALL_PIN": PIN}),
                          capture_output=True, check=True)
    assert faults.calls("sign") == ["sign 1" if missing else f"sign {whole:x}"]
    key = tokens.leaves["rsa"].key.public_key()
    assert openssl_verifies(tmp_path, key, digest, done.stdout)


def test_no_mechanism_at_all(faults, silent):
    faults.set("MECHANISM 1041 -")
    assert_fails(asked(faults, silent, "ec"), 2, "object=ec.* does not sign", hint="CKA_SIGN")


# PINs: how often one is sent

def test_a_right_pin_is_sent_once(faults, emulator):
    assert_credentials(asked(faults, emulator, "ec"))
    assert faults.calls("user login") == ["user login with 4"]


@pytest.mark.parametrize("how", ["variable", "source", "pin-value", "pin-source"])
def test_a_wrong_pin_is_sent_once(faults, silent, tmp_path, how):
    file = pki.write(tmp_path, "pin", b"99999")
    uri = "pkcs11:object=ec" + {"pin-value": "?pin-value=99999",
                                "pin-source": f"?pin-source={file}"}.get(how, "")
    more = ["--password-source", f"file:{file}"] if how == "source" else []
    env = {**faults.env, **({"ROLECALL_PIN": "99999"} if how == "variable" else {})}
    for _ in range(2):
        result = session(silent, ["--certificate", uri, *faults.flags, *more], env=env,
                         start_new_session=True)
        assert_fails(result, 2, "wrong PIN for token card", hint="does not try (it|this PIN) again")
    assert faults.calls("user login") == ["user login with 5"] * 2


@pytest.mark.parametrize("flags,code,pattern,hint", [
    (0x40000, 1, "the PIN of token card is locked", "unlock"),
    (0x20000, 1, "ONE try left before it locks itself, and the PIN from .* is not used", "yourself"),
    (0x60000, 1, "is locked", "unlock"),
])
@pytest.mark.parametrize("how", ["variable", "pin-value"])
def test_a_pin_that_is_not_sent_at_all(faults, silent, how, flags, code, pattern, hint):
    faults.set(f"FLAGS {flags:x} -")
    uri = f"pkcs11:object=ec?pin-value={PIN}" if how == "pin-value" else "pkcs11:object=ec"
    env = {**faults.env, **({"ROLECALL_PIN": PIN} if how == "variable" else {})}
    result = session(silent, ["--certificate", uri, *faults.flags], env=env, start_new_session=True)
    assert_fails(result, code, pattern, hint)
    assert faults.calls("user login") == []


def test_a_token_that_goes_away_behind_its_answer_to_the_pin(faults, silent):
    """That it cannot be looked at then does not make the PIN one that nobody has seen."""
    faults.set("FLICKER - -", "C_Login a0 9")
    assert_fails(asked(faults, silent, "ec"), 2, "wrong PIN for token card",
                 "does not try (it|this PIN) again")
    assert len(faults.calls("user login")) == 1


@pytest.mark.parametrize("code,kind,pattern,hint", [
    (0xa0, 2, "wrong PIN for token card", "does not try (it|this PIN) again"),
    (0xa1, 2, "wrong PIN for token card", "does not try (it|this PIN) again"),
    (0xa2, 2, "wrong PIN for token card", "does not try (it|this PIN) again"),
    (0xa3, 1, "the PIN of token card has expired", "change-pin"),
    (0xa4, 1, "the PIN of token card is locked", "unlock"),
    (0x102, 1, "no user PIN yet", "init-pin"),
    *((code, 1, rf"token card cannot log in: .*\(0x{code:x}\)", "not tried again")
      for code in (0x2, 0x5, 0x6, 0x30, 0x31, 0x32, 0x54, 0x60, 0x82, 0xb0, 0xe1, 0x101)),
])
def test_what_a_login_may_answer(faults, silent, code, kind, pattern, hint):
    faults.set(f"C_Login {code:x} 9")
    assert_fails(asked(faults, silent, "ec"), kind, pattern, hint)
    assert len(faults.calls("user login")) == 1


@pytest.mark.parametrize("odd", ["C_FindObjects 7fffffff", "C_FindObjects ffffffffffffffff",
                                 "C_GetAttributeValue 7fffffffffff", "C_GetAttributeValue 0",
                                 "C_GetAttributeValue ffffffffffffffff", "C_Sign 0", "C_Sign 3",
                                 "C_Sign 7fffffffffff"])
def test_lengths_that_cannot_be(faults, silent, odd):
    """A module that says so is broken, which is an error like others."""
    faults.set(f"ODD_{odd} -")
    result = asked(faults, silent, "ec")
    assert_fails(result, result.code)
    assert result.code in (1, 2), result


def test_a_pin_pad(faults, emulator, silent):
    faults.set("PAD - -")
    assert_credentials(asked(faults, emulator, "ec", pin=None))
    assert faults.calls("user login") == ["user login with no PIN"]
    faults.set("PAD - -", "C_Login a0 9")
    assert_fails(asked(faults, silent, "ec", pin=None), 2, "wrong PIN for token card")
    assert len(faults.calls("user login")) == 1


# What a person types

def typed(faults, answers, *arguments, env=None):
    """The program's exit code, its standard output and what stood on its terminal."""
    read_end, write_end = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        os.dup2(write_end, 1)
        os.execve(BINARY, [BINARY, *map(str, arguments)], environment({**faults.env, **(env or {})}))
    os.close(write_end)
    screen = b""
    answers = list(answers)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                screen += os.read(master, 4096)
            except OSError:  # the other end has closed
                break
        # A prompt is shown when echo is off.
        prompts = len(re.findall(rb"(PIN|Password) for [^\n]*: ", screen))
        if answers and prompts > len(re.findall(rb"\n", screen)):
            os.write(master, answers.pop(0).encode() + b"\n")
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    with open(read_end, "rb") as output:
        return os.waitstatus_to_exitcode(status), output.read(), screen.decode()


def command(faults, label, emulator, *more):
    return ["credential-process", "--certificate", f"pkcs11:object={label}", *faults.flags, *more,
            *ARNS, "--endpoint", emulator.url]


def test_a_typed_pin(faults, emulator):
    code, out, screen = typed(faults, [PIN], *command(faults, "ec", emulator))
    assert code == 0 and b"SessionToken" in out, screen
    assert screen.count("PIN for token card: ") == 1 and PIN not in screen


def test_a_mistyped_pin(faults, emulator):
    """One PIN is sent once, also where it is typed twice."""
    code, out, screen = typed(faults, ["1111", "1111", PIN], *command(faults, "ec", emulator))
    assert code == 0 and b"SessionToken" in out, screen
    assert screen.count("Wrong PIN. PIN for token card (after a few more wrong PINs, the token locks): ") == 2
    assert len(faults.calls("user login")) == 2


def test_three_wrong_ones_are_enough(faults, silent):
    code, out, screen = typed(faults, ["1111", "2222", "3333", "4444"],
                              *command(faults, "ec", silent))
    assert code == 2 and out == b"" and "wrong PIN for token card, 3 times" in screen
    assert len(faults.calls("user login")) == 3


def test_the_last_try_is_a_persons(faults, emulator):
    faults.set("FLAGS 20000 -")
    code, _, screen = typed(faults, [PIN], *command(faults, "ec", emulator))
    assert code == 0 and "PIN for token card (ONE try is left before the token locks): " in screen


def test_a_key_that_wants_its_pin(faults, emulator):
    code, _, screen = typed(faults, [PIN, PIN], *command(faults, "careful", emulator))
    assert code == 0, screen
    assert re.findall(r"PIN for ([^:]*): ", screen) == ["token card",
                                                        "key careful of token card"]
    faults.set()
    code, _, screen = typed(faults, [PIN], *command(faults, "careful", emulator, "--reuse-pin"))
    assert code == 0 and re.findall(r"PIN for ([^:]*): ", screen) == ["token card"]
    assert faults.calls("key login") == ["key login with 4"]


def test_update_asks_once_for_many_renewals(tokens, faults, emulator, tmp_path):
    """--refresh-before leaves a second between renewals of the shortest session."""
    flags = ["update", "--certificate", "pkcs11:object=careful", *faults.flags, "--reuse-pin", *ARNS,
             "--endpoint", emulator.url, "--session-duration", "900", "--refresh-before", "43199"]
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    read_end, write_end = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        os.dup2(write_end, 1)
        os.execve(BINARY, [BINARY, *map(str, flags)], environment({**faults.env, **env}))
    os.close(write_end)
    os.close(read_end)
    screen = b""
    deadline = time.monotonic() + 60
    sent = hung_up = False
    while time.monotonic() < deadline and len(faults.calls("key login")) < 3:
        if select.select([master], [], [], 0.1)[0]:
            screen += os.read(master, 4096)
        if b"PIN for token card: " in screen and not sent:
            os.write(master, PIN.encode() + b"\n")
            sent = True
        if len(faults.calls("key login")) == 1 and not hung_up:
            # Pulled out and put back in between.
            faults.set("C_Sign 32 1")
            hung_up = True
        if sent and (tmp_path / "credentials").exists():
            os.kill(pid, signal.SIGHUP)  # renews now
    logins = len(faults.calls("key login"))
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    os.close(master)
    assert logins >= 3 and screen.count(b"PIN for") == 1, screen
    assert tokens.leaves["careful"] is not None
