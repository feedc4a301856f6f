"""`doctor` with keys on PKCS#11 tokens: the PIN is asked for once, and a driver may hang."""

import json
import subprocess

import pytest
from support.config import ARN_LINES, write_config
from support.doctor import Report, doctor
from support.pkcs11 import leaf_file
from support.process import ARNS, BINARY, PATIENCE, environment, run
from support.terminal import Terminal
from support.tokens import PIN, Faults, SoftHsm

URI = "pkcs11:token=app;object=p256"


def check(tokens, server, *flags, env=None, **options):
    return doctor(*flags, *ARNS, "--endpoint", server.url, "--warn-days", "1",
                  env={"HOME": "/nonexistent", **tokens.env, **(env or {})},
                  start_new_session=True, **options)


def test_a_token(hsm, emulator, tmp_path):
    asked = tmp_path / "asked"
    script = tmp_path / "pin"
    script.write_text(f"#!/bin/sh\necho >> {asked}\necho {PIN}\n")
    script.chmod(0o700)
    for flags in (["--certificate", URI],
                  ["--certificate", leaf_file(hsm.leaves["p256"], tmp_path), "--private-key", URI]):
        asked.write_text("")
        result, report = check(hsm, emulator, *flags, "--password-source", f"command:{script}",
                               code=0)
        assert report.with_status("warn") == report.with_status("fail") == [], result
        assert "on a token" in report["key"]["detail"]
        assert "a trial signature works" in report["key"]["detail"]
        assert asked.read_text() == "\n", "the PIN was asked for more than once"
        assert PIN not in result.out.replace(report["certificate"]["detail"], ""), result


def test_a_pin_that_is_wrong_and_then_right(hsm, emulator, tmp_path):
    tokens = hsm.copy(tmp_path)
    result, report = check(tokens, emulator, "--certificate", URI, env={"ROLECALL_PIN": "9999"},
                           code=1)
    assert report.with_status("fail") == ["key"], result
    assert "wrong PIN for token app" in report["key"]["detail"] and report["key"]["hint"], result
    # The certificate can be read without the PIN.
    assert report["certificate"]["status"] == "ok" and report["session"]["status"] == "skip"
    _, report = check(tokens, emulator, "--certificate", URI, env={"ROLECALL_PIN": PIN}, code=0)
    assert report["key"]["status"] == "warn", report["key"]
    assert "wrong PINs were given" in report["key"]["detail"]


def test_no_pin(hsm, emulator):
    _, report = check(hsm, emulator, "--certificate", URI, code=1)
    assert "token app needs a PIN" in report["key"]["detail"]
    assert "--password-source" in report["key"]["hint"]


@pytest.mark.parametrize("call", ["C_Initialize", "C_Login", "C_Sign"])
def test_a_driver_that_hangs(hsm, emulator, tmp_path, call):
    tokens = Faults(tmp_path, hsm)
    tokens.set(f"HANG_{call} - -")
    for form in ("json", "text"):
        result = run("doctor", "--format", form, "--certificate", URI, *tokens.flags, *ARNS,
                     "--endpoint", emulator.url, "--timeout", "2",
                     env={"HOME": "/nonexistent", **tokens.env, "ROLECALL_PIN": PIN}, timeout=30)
        assert result.code == 1 and result.seconds < PATIENCE, result
        if form == "json":
            report = Report(json.loads(result.out)["checks"])
            assert report.with_status("fail") == ["key"], result
            assert "has not answered in 2 s" in report["key"]["detail"]
            assert report["certificate"] == {"id": "certificate", "status": "skip",
                                             "detail": "see key", "hint": ""}
        else:
            assert "FAIL  key" in result.out and "skip  services" in result.out, result


def test_a_token_that_was_removed(tmp_path, emulator):
    tokens = SoftHsm(tmp_path)
    tokens.token("other")
    _, report = check(tokens, emulator, "--certificate", URI, code=1)
    assert "certificate" in report.with_status("fail") or "key" in report.with_status("fail")


# --- no token is locked

WRONG = "wrong PIN for token app"
FEW = "(after a few more wrong PINs, the token locks)"


@pytest.fixture(name="counted")
def tokens_that_note_logins(hsm, tmp_path):
    (tmp_path / "hsm").mkdir()
    return Faults(tmp_path, hsm.copy(tmp_path / "hsm"))


def test_a_wrong_pin_is_tried_once(counted, emulator):
    flags = ["--certificate", URI, *counted.flags]
    _, report = check(counted, emulator, *flags, env={"ROLECALL_PIN": "9999"}, code=1)
    assert report["key"]["detail"] == f"{WRONG}: it came from ROLECALL_PIN {FEW}"
    assert report["key"]["hint"] == ("check the PIN for an extra space or line end; rolecall does not try "
                                     "this PIN again")
    assert len(counted.calls("user login")) == 1, counted.calls("user login")
    _, report = check(counted, emulator, "--certificate", URI + "?pin-value=8888", *counted.flags, code=1)
    assert report["key"]["detail"] == f"{WRONG}: it came from pin-value of the PKCS#11 URI {FEW}"
    assert len(counted.calls("user login")) == 2
    # The right one resets the count.
    _, report = check(counted, emulator, *flags, env={"ROLECALL_PIN": PIN}, code=0)
    assert report["key"]["detail"].startswith(
        "wrong PINs were given; after a few more, the token locks itself; P-256"), report["key"]
    _, report = check(counted, emulator, *flags, env={"ROLECALL_PIN": PIN}, code=0)
    assert report["key"]["status"] == "ok", report["key"]


def test_bindings_with_several_wrong_pins(counted, emulator, tmp_path):
    """The first wrong one is the last that the token gets, though the others differ."""
    (tmp_path / "right").write_text(PIN)
    (tmp_path / "right").chmod(0o600)
    config = write_config(tmp_path, ARN_LINES + f'endpoint = "{emulator.url}"\n' + "".join(
        f'[binding.{name}]\ncertificate = "{URI}{pin}"\n' for name, pin in (
            ("a", "?pin-value=1111"), ("b", "?pin-value=2222"), ("c", "?pin-value=1111"),
            ("d", f"?pin-source={tmp_path}/right"))))
    result = run("doctor", "--config", config, *counted.flags, "--format", "json", "--offline",
                 env={"HOME": "/nonexistent", **counted.env})
    assert result.code == 1, result
    details = [Report(one["checks"])["key"]["detail"] for one in json.loads(result.out)["bindings"]]
    other = ("another PIN was wrong for token app before, so this PIN is not sent to the token")
    came_from = f"{WRONG}: it came from pin-value of the PKCS#11 URI {FEW}"
    assert details == [came_from, other, came_from, other], details
    assert len(counted.calls("user login")) == 1, counted.calls("user login")


def test_a_person_is_asked_once(counted):
    terminal = Terminal()
    process = subprocess.Popen(
        [BINARY, "doctor", "--certificate", URI, *counted.flags, *ARNS, "--offline"],
        env=environment(counted.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, **terminal.options)
    terminal.answer(b"PIN for token app: ", b"9999\n")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1 and terminal.read().count(b"PIN for token app") == 1
    terminal.close()
    assert f"FAIL  key          {WRONG} {FEW}\n" in out, out
    assert "doctor tries only one" in out and len(counted.calls("user login")) == 1
