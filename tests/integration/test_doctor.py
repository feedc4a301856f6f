"""`doctor`: a sound set-up, the form of its output, bindings and profiles."""

import json
import os
import pty
import re
import subprocess
import time

import pytest
from support import pki
from support.config import ARN_LINES, identity_lines, write_config
from support.doctor import ALONE, IDS, NETWORK, Report, assert_same_as_text, doctor
from support.process import (ARNS, BINARY, ROLE_ARN, Emulator, assert_fails, environment, read_terminal,
                             run)


@pytest.fixture(scope="module", name="tls_emulator")
def emulator_with_tls(identity, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    server = pki.tls_server(identity.root)
    with Emulator(identity.root_file,
                  "--tls-cert", pki.write(directory, "tls.pem", pki.pem(server)),
                  "--tls-key", pki.write(directory, "tls.key", pki.key_pem(server.key))) as running:
        yield running


@pytest.fixture(name="sound")
def sound_flags(identity, tls_emulator):
    return [*identity.flags, *ARNS, "--endpoint", tls_emulator.url, "--ca-bundle",
            identity.root_file, "--warn-days", "20"]


@pytest.fixture(name="own")
def own_home(tmp_path):
    return {"HOME": str(tmp_path)}


def test_a_sound_set_up(sound, own, identity):
    result, report = doctor(*sound, "--trust-anchor", identity.root_file, env=own, code=0)
    assert report.with_status("ok") == IDS and result.err == "", result
    assert "matches the certificate" in report["key"]["detail"]
    assert "a trial signature works" in report["key"]["detail"]
    assert re.search(r"expires in 29 days.*source identity CN=test leaf",
                     report["certificate"]["detail"])
    assert "reaches the trust anchor CN=Test Root" in report["chain"]["detail"]
    assert "HTTP 404" in report["network"]["detail"]
    assert "TLS certificate from CN = Test Root" in report["network"]["detail"]
    assert ":assumed-role/Example/" in report["identity"]["detail"]
    assert_same_as_text(report, *sound, "--trust-anchor", identity.root_file, env=own)


def test_only_one_session_is_requested(identity, own):
    with Emulator(identity.root_file, "--log") as emulator:
        doctor(*identity.flags, *ARNS, "--endpoint", emulator.url, env=own, code=0)
    lines = [json.loads(line) for line in emulator.err.splitlines() if line.startswith("{")]
    assert [line["path"] for line in lines] == ["/", "/sessions", "/"], lines


def test_offline(identity, own, silent):
    _, report = doctor("--offline", *identity.flags, *ARNS, "--endpoint", silent.url,
                       "--warn-days", "0", env=own, code=0)
    assert set(report.with_status("skip")) == NETWORK
    assert all(report[name]["detail"] == "--offline" for name in NETWORK)


def test_offline_is_fast(identity, own):
    arguments = ["--offline", *identity.flags, *ARNS]
    times = []
    for _ in range(5):
        begin = time.monotonic()
        run("doctor", *arguments, env=own)
        times.append(time.monotonic() - begin)
    # 30 ms in a Release build; builds for tests and busy machines are slower.
    assert min(times) < 1, times


def test_no_secret_is_shown(sound, own):
    out = run("doctor", *sound, "--debug", env=own)
    assert "PRIVATE KEY" not in out.out + out.err
    assert not re.search(r"ASIA[A-Z0-9]{16}", out.out), out


def on_terminal(*arguments, env=None):
    leader, terminal = pty.openpty()
    child = subprocess.Popen([BINARY, "doctor", *arguments], stdout=terminal,
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             env=environment(env))
    os.close(terminal)
    try:
        text = read_terminal(leader)
    finally:
        os.close(leader)
    child.communicate(timeout=20)
    return text.decode()


@pytest.mark.parametrize("env,has_colours", [
    ({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
])
def test_colours(identity, own, env, has_colours):
    text = on_terminal("--offline", *identity.flags, *ARNS, env={**own, **env})
    assert ("\x1b[32mok\x1b[0m" in text) == has_colours, text


# --- what is checked

def test_all_bindings(identity, emulator, tmp_path, own):
    config = write_config(tmp_path, ARN_LINES + f'endpoint = "{emulator.url}"\n[binding.good]\n'
                          + identity_lines(identity) + '[binding.bad]\ncertificate = "none.pem"\n')
    result = run("doctor", "--config", config, "--format", "json", "--warn-days", "5", env=own,
                 prefix=ALONE)
    document = json.loads(result.out)
    assert result.code == 1 and list(document) == ["status", "bindings"], result
    assert document["status"] == "fail"
    good, bad = document["bindings"]
    assert (good["name"], good["status"]) == ("good", "ok"), result
    assert (bad["name"], bad["status"]) == ("bad", "fail"), result
    assert Report(bad["checks"])["certificate"]["status"] == "fail"
    assert Report(bad["checks"])["session"]["status"] == "skip"
    text = run("doctor", "--config", config, "--offline", env=own)
    assert text.code == 1 and re.findall(r"^binding (.*):$", text.out, re.M) == ["good", "bad"], text
    for one, code in (("good", 0), ("bad", 1)):
        doctor("--config", config, "--binding", one, env=own, code=code)
        doctor("--config", config, env={**own, "ROLECALL_BINDING": one}, code=code)


def test_options_on_the_command_line_mean_no_binding(identity, emulator, tmp_path, own):
    config = write_config(tmp_path, '[binding.bad]\ncertificate = "none.pem"\n')
    doctor("--config", config, *identity.flags, *ARNS, "--endpoint", emulator.url, env=own, code=0)


@pytest.mark.parametrize("program", [BINARY, "/usr/bin/env"])
def test_a_profile(home, own, tmp_path, program):
    helper = tmp_path / "aws_signing_helper"
    helper.symlink_to(program)
    line = " ".join([str(helper), "credential-process", *home.flags])
    home.write(config=f"[profile demo]\ncredential_process = {line}\n")
    env = {"HOME": str(home.path)}
    result, report = doctor("--profile", "demo", "--warn-days", "5", env=env, code=0)
    assert report.with_status("ok") == IDS, result
    assert str(helper) in report["inputs"]["detail"]
    # What is given takes the place of what the line says.
    _, report = doctor("--profile", "demo", "--role-arn", ROLE_ARN + "2", env=env, code=0)
    assert ":assumed-role/Example2/" in report["identity"]["detail"]


# --- exit codes

@pytest.mark.parametrize("arguments,message,hint", [
    (["--format", "xml"], "xml", None), (["--warn-days", "x"], "--warn-days", None),
    (["--unknown"], "--unknown", None), (["stray"], "stray", None),
    (["--scan", "/none"], "cannot search /none: No such file", "--scan"),
    (["--profile", ""], "profile", None), (["--profile", "a]b"], "profile", None)])
def test_a_wrong_command_line(arguments, message, hint, own):
    assert_fails(run("doctor", *arguments, env=own), 2, message, hint)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_binding_that_does_not_exist(form, own, tmp_path):
    """It is a wrong command line, as for every other command."""
    config = write_config(tmp_path, '[binding.billing]\ncertificate = "leaf.pem"\n')
    arguments = ["--config", config, "--format", form]
    for more, env in ((["--binding", "biling"], {}), ([], {"ROLECALL_BINDING": "biling"})):
        result = assert_fails(run("doctor", *arguments, *more, env={**own, **env}), 2,
                              'there is no binding "biling" in configuration file', "billing")
        other = run("credential-process", "--config", config, *more, env={**own, **env})
        assert (other.code, other.err) == (result.code, result.err), other
    assert_fails(run("doctor", "--binding", "x", env=own), 2, 'there is no binding "x"')


def test_a_profile_that_does_not_exist(home):
    home.write(config="[profile billing]\ncredential_process = rolecall credential-process\n")
    env = {"HOME": str(home.path)}
    assert_fails(run("doctor", "--profile", "biling", env=env), 2,
                 r"there is no \[profile biling\] in AWS config file", "did you mean billing")
    assert_fails(run("doctor", "--profile", "other", env=env), 2, r"there is no \[profile other\]",
                 "rolecall configure --profile other")


def test_a_binding_that_only_the_line_of_a_profile_names(home):
    """The command line is right, and the line of the profile is what must change."""
    home.write(config="[profile demo]\ncredential_process = rolecall credential-process --binding x\n")
    env = {"HOME": str(home.path)}
    _, report = doctor("--offline", "--profile", "demo", env=env, code=1)
    assert 'there is no binding "x"' in report["inputs"]["detail"]
    assert_fails(run("doctor", "--profile", "demo", "--binding", "y", env=env), 2,
                 'there is no binding "y"')


# --- --debug

def test_debug_shows_the_steps(sound, own):
    result = run("doctor", *sound, "--debug", "--format", "json", env=own, prefix=ALONE)
    assert [c["status"] for c in json.loads(result.out)["checks"]].count("ok") == len(IDS), result
    checks = re.findall(r"^rolecall: debug: +[\d.]+ ms +check (\S+)$", result.err, re.M)
    assert checks == IDS, result
    for step in ("--certificate=", "string to sign", "GetCallerIdentity at https://127.0.0.1:",
                 "looking for serve at 127.0.0.1 port 9911"):
        assert step in result.err, (step, result)
    assert run("doctor", *sound, env=own).err == ""


def test_debug_with_several_bindings(own, tmp_path):
    config = write_config(tmp_path, '[binding.a]\nregion = "eu-west-1"\n[binding.b]\n')
    result = run("doctor", "--config", config, "--offline", "--debug", env=own)
    assert "check inputs of binding a" in result.err and "check inputs of binding b" in result.err
