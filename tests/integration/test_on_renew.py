"""--on-renew: a command after each renewal of serve and update."""

import pathlib
import signal
import time

import pytest
from support.config import ARN_LINES, identity_lines, write_config
from support.process import assert_fails, run
from support.serve import Serve, eventually
from support.updates import arguments, keys_in, start

SECRETS = {"AWS_SECRET_ACCESS_KEY": "hush", "AWS_ACCESS_KEY_ID": "AKIAHUSH", "AWS_SESSION_TOKEN": "hush",
           "AWS_CONTAINER_AUTHORIZATION_TOKEN": "hush", "ROLECALL_PIN": "hush",
           "ROLECALL_PKCS8_PASSWORD": "hush", "MINE": "kept"}


@pytest.fixture(name="script")
def make_script(tmp_path):
    """A program that runs `text` with sh, and the path of a file for it: $1."""
    def make(text):
        path = tmp_path / "script"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return f"command:{path} {tmp_path / 'out'}"
    return make


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def dump(directory):
    return dict(line.split("=", 1) for line in lines(directory / "out") if "=" in line)


def test_update_tells_binding_and_expiry_and_no_secret(identity, emulator, tmp_path, script):
    credentials = tmp_path / "credentials"
    command = script(f'env >"$1"; grep -c aws_session_token {credentials} >>"$1"; cat >>"$1"')
    process = start(emulator, identity.flags, credentials, "--on-renew", command)
    try:
        eventually(lambda: "1" in lines(tmp_path / "out"))
        found = dump(tmp_path)
        assert found["ROLECALL_RENEWED_BINDING"] == "default"
        assert time.strptime(found["ROLECALL_RENEWED_EXPIRATION"], "%Y-%m-%dT%H:%M:%SZ")
        assert not set(found) & set(SECRETS) and "AWS_SHARED_CREDENTIALS_FILE" in found
        (tmp_path / "out").unlink()
        process.send_signal(signal.SIGHUP)
        eventually(lambda: "1" in lines(tmp_path / "out"))
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_once_too(identity, emulator, tmp_path, script):
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), **SECRETS}
    done = run(*arguments(emulator, identity.flags, "--once", "--on-renew", script('env >"$1"')), env=env)
    assert done.code == 0, done
    found = dump(tmp_path)
    assert not set(found) & (set(SECRETS) - {"MINE"}) and found["MINE"] == "kept"
    failed = run(*arguments(emulator, identity.flags, "--once", "--on-renew", script("exit 3")), env=env)
    assert failed.code == 0 and "exit code 3" in failed.warnings[-1], failed
    keys_in(tmp_path / "credentials")


def test_each_binding_of_serve_has_its_command(identity, emulator, tmp_path, script):
    command = script('printf "%s\\n" "$2 $ROLECALL_RENEWED_BINDING" >>"$1"; echo on the log')
    config = write_config(tmp_path, identity_lines(identity) + ARN_LINES + (
        f'endpoint = "{emulator.url}"\n[serve]\nbindings = ["a", "b", "c"]\non-renew = "{command} of-serve"\n'
        f'[binding.a]\n[binding.b]\non-renew = "{command} of-b"\n[binding.c]\non-renew = ""\n'))
    with Serve(tmp_path, flags=["--config", config], arns=[]) as serve:
        eventually(lambda: sorted(lines(tmp_path / "out")) == ["of-b b", "of-serve a"])
        eventually(lambda: serve.err.count("on the log\n") == 2)
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: sorted(lines(tmp_path / "out")) == ["of-b b"] * 2 + ["of-serve a"] * 2)


def test_a_failure_is_logged_and_the_credentials_stay(identity, emulator, tmp_path, script):
    with Serve(tmp_path, server=emulator, flags=[*identity.flags, "--on-renew", script("exit 4")]) as serve:
        failed = eventually(lambda: serve.events("the command after the renewal failed"))[0]
        assert failed["level"] == "warning" and failed["binding"] == "default"
        assert failed["reason"] == f"command {tmp_path / 'script'} ended with exit code 4"
        assert serve.credentials()["Code"] == "Success"
        assert serve.metric("rolecall_renewal_failures_total") == 0


def test_a_command_that_runs_delays_neither_clients_nor_the_end(identity, emulator, tmp_path, script):
    command = script('echo $$ >"$1"; exec sleep 1000')
    with Serve(tmp_path, server=emulator, flags=[*identity.flags, "--on-renew", command]) as serve:
        pid = int(eventually(lambda: lines(tmp_path / "out"))[0])
        assert serve.credentials()["Code"] == "Success"
        begin = time.monotonic()
        serve.process.send_signal(signal.SIGTERM)
        assert serve.process.wait(20) == 0
        assert time.monotonic() - begin < 10
        # It gets SIGTERM when its parent ends.
        eventually(lambda: not runs(pid))


@pytest.mark.parametrize("value,problem,hint", [
    ("/usr/bin/true", "--on-renew takes command:WORDS", "command:/usr/bin/systemctl"),
    ("env:NAME", "--on-renew takes command:WORDS", "command:"),
    ("command:", "--on-renew takes command:WORDS", "command:"),
    ("command:a | b", r'--on-renew: the command cannot be split into words: "\|"', "without a shell"),
    ("command:a 'b", "--on-renew: the command cannot be split into words: a quote", "without a shell"),
])
def test_what_is_no_command(identity, silent, tmp_path, value, problem, hint):
    for command in ("serve", "update"):
        assert_fails(run(command, *identity.flags, "--on-renew", value, "--endpoint", silent.url), 2,
                     problem, hint)
    config = write_config(tmp_path, f'[update]\non-renew = "{value}"\n')
    wrong = run("credential-process", "--config", config)
    assert_fails(wrong, 2, f"{config}, line 2: on-renew")


def test_debug_does_not_show_the_words(identity, emulator, tmp_path):
    done = run(*arguments(emulator, identity.flags, "--once", "--debug", "--on-renew", "command:true hush"),
               env={"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")})
    assert done.code == 0 and "hush" not in done.err, done
    assert "--on-renew=command:… (command line)" in done.err and "running true after" in done.err


def test_only_commands_that_renew_have_it(identity, silent):
    done = run("credential-process", *identity.flags, "--on-renew", "command:true", "--endpoint", silent.url)
    assert_fails(done, 2, "--on-renew")


def test_a_run_of_rolecall_in_the_command_knows_the_variables(identity, emulator):
    done = run("credential-process", *arguments(emulator, identity.flags)[1:],
               env={"ROLECALL_RENEWED_BINDING": "a", "ROLECALL_RENEWED_EXPIRATION": "2026-11-29T12:43:23Z"})
    assert done.code == 0 and done.err == "", done
