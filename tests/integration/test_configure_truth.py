"""configure: the last lines are true, and lines of the official helper are taken over."""

import os
import pty
import re
import select
import shlex
import subprocess

import pytest
from support import pki
from support.home import STATIC, assert_configured, needs_aws, works
from support.process import BINARY, assert_fails, environment, run

USE_IT = "use it: aws --profile demo sts get-caller-identity\n"


def helper_line(home, program="/usr/local/bin/aws_signing_helper"):
    return shlex.join([program, "credential-process", *home.flags])


# --- what comes last

def test_nothing_in_the_way(home):
    result = assert_configured(home.configure())
    assert USE_IT in result.out and result.err == "", result


@pytest.mark.parametrize("config, credentials, remedy", [
    ("", "[demo]\n" + STATIC, "--remove-static-keys removes it"),
    ("", "[DEFAULT]\n" + STATIC + "[demo]\n", "remove it"),
    ("", "[demo]\ncredential_process = /bin/false\n", "remove it"),
    ("[profile demo]\nsso_session = x\n", "", "remove all of sso_"),
    ("", "no setting\n", "the AWS CLI refuses such a file"),
])
def test_what_takes_precedence_is_said_last(home, config, credentials, remedy):
    home.write(config, credentials)
    result = assert_configured(home.configure())
    assert "use it" not in result.out and "not in use yet" in result.out, result
    assert remedy in result.err.splitlines()[-1], result


@needs_aws
def test_after_the_remedy_it_is_in_use(home):
    home.write(credentials="[demo]\n" + STATIC)
    assert "not in use yet" in assert_configured(home.configure()).out
    assert not works(home.aws("--profile", "demo"))
    result = assert_configured(home.configure("--remove-static-keys"))
    assert USE_IT in result.out, result
    assert works(home.aws("--profile", "demo"))


def test_no_credentials_file_at_all(home):
    """As the manual of exec names it: nothing can be in it."""
    result = assert_configured(home.configure(env={"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}))
    assert USE_IT in result.out and result.err == "", result


def test_a_dry_run_says_it_too(home):
    home.write(credentials="[demo]\n" + STATIC)
    result = home.configure("--dry-run")
    assert result.code == 0 and len(result.warnings) == 1 and "line 2, takes" in result.err, result


def on_terminal(arguments, env, typed):
    """What the command prints on a terminal of its own, which types a password when asked."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(arguments[0], arguments, environment(env))
    seen = b""
    while True:
        readable, _, _ = select.select([terminal], [], [], 60)
        assert readable, seen
        try:
            part = os.read(terminal, 4096)
        except OSError:  # its end
            break
        seen += part
        if typed and seen.rstrip().endswith(b":") and b"Password" in seen:
            os.write(terminal, typed + b"\n")
            typed = None
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode().replace("\r\n", "\n")


def test_a_typed_password(home, tmp_path):
    key = pki.write(tmp_path, "e.key", pki.key_pem(home.identity.leaf.key, password=b"secret"))
    flags = ["--certificate", home.identity.certificate, "--private-key", key, *home.flags[4:]]
    arguments = [BINARY, "configure", "--profile", "demo", *flags]
    code, seen = on_terminal(arguments, {"HOME": str(home.path)}, b"secret")
    assert code == 0, seen
    last = seen.splitlines()[-1]
    assert f"private key file {key} was typed" in last and "--password-source file:PATH" in last
    assert "secret" not in seen.replace("--password-source", "")
    # As it says: a profile without a terminal fails, and with that flag it works.
    lost = subprocess.run(home.command(), env=environment(), stdin=subprocess.DEVNULL,
                          start_new_session=True, capture_output=True, text=True, check=False)
    assert lost.returncode == 2 and "there is no terminal" in lost.stderr
    password = pki.write(tmp_path, "password", b"secret")
    result = assert_configured(home.configure("--password-source", f"file:{password}",
                                              flags=flags))
    assert USE_IT in result.out and result.warnings == [], result


# --- lines of the official helper

def given(home, *arguments, **options):
    return run("configure", "--profile", "demo", *arguments, env={"HOME": str(home.path)},
               **options)


def assert_taken_over(home, result):
    assert_configured(result)
    words = home.command()
    assert words[:2] == [BINARY, "credential-process"], words
    assert sorted(words[2:]) == sorted(home.flags), words


def test_the_line_that_the_profile_has(home):
    before = (f"# mine\n[profile demo]\nregion = eu-west-1\n"
              f"credential_process = {helper_line(home)}\n[profile other]\nregion = x\n")
    home.write(config=before)
    assert_taken_over(home, given(home))
    old = f"credential_process = {helper_line(home)}\n"
    new = re.search(r"credential_process = .*\n", home.config.read_text())[0]
    assert home.config.read_text() == before.replace(old, new)
    assert given(home).code == 2  # a line of ours has nothing to take over: flags are missing


@pytest.mark.parametrize("form", ["words", "dashes", "one word", "with its key", "key in words"])
def test_a_line_that_is_given(home, form):
    line = helper_line(home, "aws_signing_helper")
    arguments = {"words": shlex.split(line), "dashes": ["--", *shlex.split(line)],
                 "one word": [line], "with its key": [f"credential_process={line}"],
                 "key in words": ["credential_process", "=", *shlex.split(line)]}[form]
    assert_taken_over(home, given(home, *arguments))


def test_a_flag_beside_the_line_counts(home):
    result = given(home, "--session-duration", "900", "--", "aws_signing_helper",
                   "credential-process", *home.flags, "--session-duration", "1800")
    assert_configured(result)
    words = home.command()
    assert words[words.index("--session-duration") + 1] == "900" and "1800" not in words


def test_other_flags_replace_the_line(home):
    home.write(config=f"[profile demo]\ncredential_process = {helper_line(home)} --with-proxy\n")
    assert_taken_over(home, home.configure())


def test_quiet_does_not_replace_the_line(home):
    home.write(config=f"[profile demo]\ncredential_process = {helper_line(home)}\n")
    assert_configured(given(home, "--quiet"))
    assert sorted(home.command()[2:]) == sorted([*home.flags, "--quiet"])


def test_another_flag_replaces_the_line(home):
    """As the manual says: the flags of the new line are then all that count."""
    text = f"[profile demo]\ncredential_process = {helper_line(home)}\n"
    home.write(config=text)
    assert_fails(given(home, "--config", "/dev/null"), 2, "missing: .*--certificate")
    assert home.config.read_text() == text


def test_a_dry_run_takes_it_over_too(home):
    home.write(config=f"[profile demo]\ncredential_process = {helper_line(home)}\n")
    before = home.config.read_text()
    result = given(home, "--dry-run")
    assert result.code == 0 and f"+credential_process = {BINARY}" in result.out, result
    assert home.config.read_text() == before


@pytest.mark.parametrize("more, pattern", [
    ("--private-key $HOME/x.key", r"cannot be taken over.*\$"),
    ("--certificate ~/x.pem", "cannot be taken over.*~"),
    ("--pkcs8-password hunter2hunter2", "--pkcs8-password"),
    ("--private-key 'open", "cannot be taken over"),
])
def test_lines_that_cannot_be_taken_over(home, more, pattern):
    text = f"[profile demo]\ncredential_process = {helper_line(home)} {more}\n"
    home.write(config=text)
    result = assert_fails(given(home), 2, pattern)
    assert home.config.read_text() == text and "hunter2" not in result.err


def test_a_line_that_fails_stays(home):
    text = f"[profile demo]\ncredential_process = {helper_line(home)} --timeout 1\n"
    home.write(config=text.replace(home.emulator.url, "http://127.0.0.1:1"))
    before = home.config.read_text()
    assert_fails(given(home), 3, "stays as it was")
    assert home.config.read_text() == before


def test_another_command_of_the_helper_is_refused(home):
    assert_fails(given(home, "--", "aws_signing_helper", "serve", *home.flags), 2)
    assert not home.config.exists()


def test_a_binding_of_the_environment_is_not_part_of_the_profile(home, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[binding.a]\nuse-fips = false\n")
    result = home.configure("--config", config, "--dry-run", env={"ROLECALL_BINDING": "a"})
    assert result.code == 0 and "ROLECALL_BINDING of the environment is not part" in result.err
