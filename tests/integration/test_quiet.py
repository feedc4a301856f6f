"""--quiet: no warnings, from wherever it is set."""

import os

import pytest
from support import pki
from support.process import ARNS, assert_credentials, assert_fails, run, session


@pytest.fixture(name="loud")
def flags_that_are_warned_about(identity, tmp_path):
    """A key that all can read."""
    key = pki.write(tmp_path, "leaf.key", pki.key_pem(identity.leaf.key))
    os.chmod(key, 0o644)
    return [*identity.flags[:3], key]


def config(directory, text):
    return ["--config", pki.write(directory, "config.toml", text.encode())]


@pytest.mark.parametrize("more,env", [
    (["--quiet"], {}), (["--quiet=true"], {}), ([], {"ROLECALL_QUIET": "true"}),
    ([], {"ROLECALL_QUIET": "1"})])
def test_flag_and_variable(loud, emulator, more, env):
    assert len(session(emulator, loud).warnings) == 1
    result = session(emulator, loud, *more, env=env)
    assert_credentials(result)
    assert result.err == "", result


@pytest.mark.parametrize("table", ["", "[credential-process]\n", "[binding.a]\n"])
def test_configuration_file(loud, emulator, tmp_path, table):
    file = config(tmp_path, f"{table}quiet = true\n") + ["--binding=a"] * (table == "[binding.a]\n")
    result = session(emulator, loud, *file)
    assert_credentials(result)
    assert result.err == "", result
    assert len(session(emulator, loud, *file, "--quiet=false").warnings) == 1


def test_warnings_about_flags_and_the_file_itself(loud, emulator, tmp_path):
    """They come up before the file has been read to the line that silences them."""
    flags = [*loud, "--pkcs8-password", "hunter2"]
    assert len(session(emulator, flags).warnings) == 2
    file = config(tmp_path, 'pkcs8-password = "hunter2"\nquiet = true\n')
    os.chmod(file[1], 0o644)
    result = session(emulator, [*loud, *file])
    assert_credentials(result)
    assert result.err == "", result
    for more in (["--quiet"], file):
        result = session(emulator, flags, *more)
        assert_credentials(result)
        assert result.err == "", result


def test_errors_are_shown(loud, silent):
    result = session(silent, [*loud[:3], "/nonexistent"], "--quiet")
    assert_fails(result, 2, "No such file")
    assert result.hint
    # Also one of the flags themselves, whose warnings are dropped.
    result = session(silent, loud, "--quiet", "--pkcs8-password", "x", "--binding", "none")
    assert_fails(result, 2, "binding")
    assert result.warnings == [], result


def test_warnings_before_an_error_are_shown(loud, silent):
    result = session(silent, loud, "--pkcs8-password", "x", "--binding", "none")
    assert_fails(result, 2, "binding")
    assert len(result.warnings) == 1 and "--pkcs8-password" in result.err, result


@pytest.mark.parametrize("command", ["credential-process", "export", "sign-string", "update --once",
                                     "exec", "exec --refresh",
                                     "configure --profile x"])
def test_every_command_that_warns(loud, home, command):
    more = [] if command == "sign-string" else [*ARNS, "--endpoint", home.emulator.url]
    more += ["--", "/usr/bin/true"] if command.startswith("exec") else []
    env = {"HOME": str(home.path)}
    warned = run(*command.split(), *loud, *more, env=env)
    assert warned.code == 0 and "mode 0644" in warned.err, warned
    result = run(*command.split(), "--quiet", *loud, *more, env=env)
    assert result.code == 0 and "warning" not in result.err and "0644" not in result.err, result


def test_configured_line_stays_quiet(loud, home):
    result = home.configure("--quiet", flags=[*loud, *ARNS, "--endpoint", home.emulator.url])
    assert result.code == 0 and "--quiet" in home.command(), result
