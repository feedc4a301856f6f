"""`doctor` with keys on PKCS#11 tokens: the PIN is asked for once, and a driver may hang."""

import json

import pytest
from support.doctor import Report, doctor
from support.pkcs11 import leaf_file
from support.process import ARNS, PATIENCE, run
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
