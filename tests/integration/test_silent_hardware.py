"""Tokens and TPMs that do not answer: drivers whose calls do not return."""

import json
import os
import signal
import subprocess
import time

import pytest
from support import pki
from support.process import (ARNS, BINARY, PATIENCE, Emulator, assert_credentials, assert_fails,
                             environment, paused, run, session)
from support.serve import CREDENTIALS, Serve, eventually
from support.tokens import PIN, Faults, SoftHsm, Tpm

CALLS = ["C_Initialize", "C_GetSlotList", "C_OpenSession", "C_FindObjectsInit",
         "C_GetAttributeValue", "C_Login", "C_SignInit", "C_Sign", "C_CloseSession", "C_Finalize"]


@pytest.fixture(scope="module")
def tokens(identity, tmp_path_factory):
    made = SoftHsm(tmp_path_factory.mktemp("silent"))
    made.token("card")
    key = made.make_key("card", "p256", "ec")
    made.put("card", identity.intermediate.issue("ec", private_key=key), "ec")
    made.put("card", identity.intermediate, "issuer")
    return made


@pytest.fixture(name="faults")
def fresh_faults(tokens, tmp_path):
    made = Faults(tmp_path, tokens)
    made.flags = ["--certificate", "pkcs11:token=card;object=ec", *made.flags]
    made.env["ROLECALL_PIN"] = PIN
    return made


@pytest.fixture(scope="module", name="tpm")
def tpm_with_a_key(identity, tmp_path_factory):
    made = Tpm(tmp_path_factory.mktemp("tpm"))
    try:
        file, key = made.make_key("app.tss", "p256")
        leaf = identity.intermediate.issue("tpm", private_key=key)
        made.flags = ["--certificate", pki.write(made.directory, "leaf.pem",
                                                 pki.pem(leaf, *leaf.chain)), "--private-key", file]
        with open(f"{made.place}/pid", encoding="ascii") as pid:
            made.pid = int(pid.read())
        yield made
    finally:
        made.stop()


# One run

@pytest.mark.parametrize("call", CALLS)
def test_a_run_ends_in_time(faults, emulator, call):
    faults.set(f"HANG_{call} - -")
    result = session(emulator, faults.flags, "--timeout", "2", env=faults.env, timeout=30)
    name = "PKCS#11 module .*faulty_module.so" if call in (
        "C_Initialize", "C_GetSlotList", "C_Finalize") else "token card"
    assert_fails(result, 3, f"{name} has not answered in 2 s", hint="driver may hang")
    assert 2 <= result.seconds < PATIENCE, result
    assert faults.calls("hang") == [f"hang {call}"]


def test_a_tpm_that_is_silent(tpm, emulator):
    with paused(tpm.pid):
        result = session(emulator, tpm.flags, "--timeout", "3", env=tpm.env, timeout=30)
        assert_fails(result, 3, "the TPM of private key file .*app.tss has not answered in 3 s")
    assert_credentials(session(emulator, tpm.flags, env=tpm.env))


def test_every_call_counts(faults, emulator):
    """Each answers, but all together take too long."""
    faults.set("SLOW 96 -")
    result = session(emulator, faults.flags, "--timeout", "3", env=faults.env, timeout=30)
    assert_fails(result, 3, "token card has not answered in 3 s")
    assert_credentials(session(emulator, faults.flags, "--timeout", "40", env=faults.env))


def test_a_person_may_take_time(faults, emulator, tmp_path):
    """It is no time of the token's."""
    env = {**faults.env}
    del env["ROLECALL_PIN"]
    slow = pki.write(tmp_path, "slow", f"#!/bin/sh\nsleep 4\necho {PIN}\n".encode())
    os.chmod(slow, 0o700)
    assert_credentials(session(emulator, faults.flags, "--timeout", "3", "--password-source",
                               f"command:{slow}", env=env))


def test_a_run_that_was_stopped(faults, emulator):
    """The time in which the program stood still is not the token's."""
    faults.set("HANG_C_GetAttributeValue - -")
    process = subprocess.Popen(
        [BINARY, "credential-process", *faults.flags, *ARNS, "--endpoint", emulator.url,
         "--timeout", "4"], env=environment(faults.env), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    eventually(lambda: faults.calls("hang"))
    with paused(process.pid):
        time.sleep(6)
        faults.set()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and json.loads(out)["SessionToken"], err


@pytest.mark.parametrize("command,code", [
    (["sign-string"], 3), (["update", "--once"], 3), (["update"], 3),
    (["export"], 3), (["exec"], 125), (["exec", "--refresh"], 125)])
def test_other_commands(faults, emulator, tmp_path, command, code):
    faults.set("HANG_C_GetAttributeValue - -")
    credentials = tmp_path / "credentials"
    credentials.write_text("[default]\n")
    arguments = [*command, *faults.flags]
    if command != ["sign-string"]:  # has no --timeout: half a minute
        arguments += [*ARNS, "--endpoint", emulator.url, "--timeout", "2"]
    if command[0] == "exec":
        arguments += ["--", "echo", "ran"]
    env = {**faults.env, "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    assert_fails(run(*arguments, env=env, timeout=60), code, "token card has not answered")
    assert credentials.read_text() == "[default]\n"


def test_update_goes_on(faults, tmp_path, identity):
    """It says so, waits, and renews once the token answers."""
    credentials = tmp_path / "credentials"
    err = tmp_path / "err"
    env = {**faults.env, "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    with Emulator(identity.root_file, "--session-duration-max", "2") as short, open(err, "wb") as log:
        process = subprocess.Popen(
            [BINARY, "update", *faults.flags, *ARNS, "--endpoint", short.url, "--timeout", "2",
             "--refresh-before", "1"], env=environment(env), stderr=log)
        try:
            eventually(credentials.exists)
            faults.set("HANG_C_Sign - -")
            eventually(lambda: "token card has not answered" in err.read_text())
            before = credentials.read_text()
            faults.set()
            eventually(lambda: credentials.read_text() != before)
            assert process.poll() is None
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0


# serve

def waits(running):
    return running.events("a renewal waits for hardware that does not answer")


def metric(running):
    return running.metric("rolecall_hardware_silent_seconds")


def test_serve_tells_of_a_token_that_is_silent(faults, tmp_path, identity):
    """Valid credentials are given out meanwhile, then 503 that names it; it recovers by itself."""
    with Emulator(identity.root_file, "--session-duration-max", "10") as server, \
            Serve(tmp_path, "--timeout", "2", server=server, flags=faults.flags,
                  env=faults.env) as running:
        issued = running.credentials()
        assert metric(running) == 0 and running.ask("GET", "/healthz").json == {"status": "ok"}
        faults.set("HANG_C_Sign - -")
        running.process.send_signal(signal.SIGHUP)
        event = eventually(lambda: waits(running))[0]
        assert "token card has not answered in 2 s; hint: " in event["reason"], event
        assert event["binding"] == "default" and event["credentials"].startswith("expire at "), event
        health = running.ask("GET", "/healthz")
        assert health.status == 200 and "token or TPM" in health.json["waits"]["default"], health
        assert metric(running) >= 1
        assert running.credentials() == issued
        answer = eventually(lambda: (got := running.get(CREDENTIALS)).status == 503 and got)
        assert "has not answered in" in answer.json["message"], answer
        health = running.ask("GET", "/healthz")
        assert health.status == 503 and health.json["bindings"] == ["default"], health
        assert "token or TPM" in health.json["waits"]["default"], health
        assert len(waits(running)) == 1
        faults.set()
        assert eventually(lambda: running.get(CREDENTIALS).status == 200)
        assert metric(running) == 0 and running.ask("GET", "/healthz").json == {"status": "ok"}
        # And ends at once, whatever the token does.
        faults.set("HANG_C_Sign - -")
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: faults.calls("hang"))


def test_serve_tells_of_a_tpm_that_is_silent(tpm, tmp_path, emulator):
    with Serve(tmp_path, "--timeout", "3", server=emulator, flags=tpm.flags, env=tpm.env) as running:
        with paused(tpm.pid):
            running.process.send_signal(signal.SIGHUP)
            assert "the TPM of private key file" in eventually(lambda: waits(running))[0]["reason"]
            assert running.get(CREDENTIALS).status == 200
        eventually(lambda: len(running.events("renewed")) >= 2)


def test_serve_does_not_start_with_a_token_that_is_silent(faults, tmp_path, emulator):
    for call in ("C_Login", "C_Sign"):
        faults.set(f"HANG_{call} - -")
        running = Serve(tmp_path, "--timeout", "2", server=emulator, flags=faults.flags,
                        env=faults.env, wait=False)
        running.code = 3
        with running:
            eventually(lambda: running.process.poll() is not None)
            assert "error: token card has not answered in 2 s" in running.err


def test_one_that_is_silent_holds_up_no_other(faults, tokens, identity, tmp_path, emulator):
    """Another binding, with a key in a file, renews meanwhile."""
    config = tmp_path / "config.toml"
    arn = dict(zip(ARNS[::2], ARNS[1::2]))
    lines = [f'{name[2:]} = "{value}"' for name, value in arn.items()]
    lines += [f'endpoint = "{emulator.url}"', 'timeout = 2', "[binding.token]",
              'certificate = "pkcs11:token=card;object=ec"', f'pkcs11-lib = "{faults.flags[-1]}"',
              "[binding.file]"]
    flags = dict(zip(identity.flags[::2], identity.flags[1::2]))
    lines += [f'{name[2:]} = "{value}"' for name, value in flags.items()]
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    with Serve(tmp_path, "--config", config, "--binding", "token", "--binding", "file", arns=[],
               env=faults.env) as running:
        faults.set("HANG_C_Sign - -")
        running.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: waits(running))[0]["binding"] == "token"
        before = running.metric('rolecall_renewals_total{binding="file"')
        running.process.send_signal(signal.SIGHUP)
        eventually(lambda: running.metric('rolecall_renewals_total{binding="file"') > before)
        assert metric(running) >= 1
        faults.set()


# What is not in hardware

def test_no_thread_without_hardware(identity, emulator, tmp_path):
    """The one that watches begins with the first call into a driver."""
    trace = tmp_path / "trace"
    assert_credentials(session(emulator, identity.flags, env={"ASAN_OPTIONS": "detect_leaks=0"},
                               prefix=["strace", "-f", "-qq", "-e", "trace=clone3,clone", "-o", trace]))
    assert "clone" not in trace.read_text(), trace.read_text()
